import GraphIR
import Tensors

/// The complement of every bit of integers.
enum BitwiseNot: UnaryOperator {
    static let schema = OperatorSchema("BitwiseNot", versions: [18], inputs: 1...1)

    static func function(_ site: OperatorSite) throws(CNNOptError) -> UnaryFunction {
        UnaryFunction(integer: { ~$0 })
    }
}
