import GraphIR
import Tensors

/// The smallest of any number of tensors, element by element, with broadcasting; NaN where one of them is NaN.
enum Min: VariadicOperator {
    static let schema = OperatorSchema("Min", versions: [1, 6, 8, 12, 13], inputs: 1...Int.max)

    static func function(_ site: OperatorSite) throws(CNNOptError) -> BinaryFunction { function }

    static var function: BinaryFunction {
        BinaryFunction(
            float: { Mathematics.smaller($0, $1) },
            double: { Mathematics.smaller($0, $1) },
            integer: { min($0, $1) },
            unsigned: { min($0, $1) }
        )
    }

    static func combine(_ a: Dimension, _ b: Dimension, _ type: ElementType) -> Dimension? {
        ShapeArithmetic.minimum(a, b)
    }

    static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation? {
        site.inputs.count == 2 && site.opset >= 8 ? .binary(.minimum) : nil
    }
}
