import GraphIR
import Tensors

/// 1 / x.
enum Reciprocal: UnaryOperator {
    static let schema = OperatorSchema("Reciprocal", versions: [1, 6, 13], inputs: 1...1)

    static func function(_ site: OperatorSite) throws(CNNOptError) -> UnaryFunction {
        UnaryFunction(
            float: { 1 / $0 },
            double: { 1 / $0 }
        )
    }

    static func derivative(_ site: OperatorSite, _ fragment: inout GradientFragment) throws(CNNOptError)
        -> GradientFragment.Operand?
    { fragment.add("Neg", [fragment.product(.output(0), .output(0))]) }
}
