import GraphIR
import Tensors

/// The sum of any number of tensors, with broadcasting.
enum Sum: VariadicOperator {
    static let schema = OperatorSchema("Sum", versions: [1, 6, 8, 13], inputs: 1...Int.max)
    static var traits: OperatorTraits { [.elementwise, .isSum, .broadcasts] }

    static func function(_ site: OperatorSite) throws(CNNOptError) -> BinaryFunction {
        BinaryFunction(float: { $0 + $1 }, double: { $0 + $1 })
    }

    static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation? {
        site.inputs.count == 2 && site.opset >= 8 ? .binary(.add) : nil
    }
}
