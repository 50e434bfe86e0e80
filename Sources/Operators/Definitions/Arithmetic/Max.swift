import GraphIR
import Tensors

/// The largest of any number of tensors, element by element, with broadcasting; NaN where one of them is NaN.
enum Max: VariadicOperator {
    static let schema = OperatorSchema("Max", versions: [1, 6, 8, 12, 13], inputs: 1...Int.max)

    static func function(_ site: OperatorSite) throws(CNNOptError) -> BinaryFunction { function }

    static var function: BinaryFunction {
        BinaryFunction(
            float: { Mathematics.larger($0, $1) },
            double: { Mathematics.larger($0, $1) },
            integer: { max($0, $1) },
            unsigned: { max($0, $1) }
        )
    }

    static func combine(_ a: Dimension, _ b: Dimension, _ type: ElementType) -> Dimension? {
        ShapeArithmetic.maximum(a, b)
    }

    static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation? {
        site.inputs.count == 2 && site.opset >= 8 ? .binary(.maximum) : nil
    }
}
