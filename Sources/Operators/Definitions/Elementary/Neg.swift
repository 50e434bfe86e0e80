import GraphIR
import Tensors

/// −x.
enum Neg: UnaryOperator {
    static let schema = OperatorSchema("Neg", versions: [1, 6, 13], inputs: 1...1)

    static func function(_ site: OperatorSite) throws(CNNOptError) -> UnaryFunction {
        UnaryFunction(
            float: { -$0 },
            double: { -$0 },
            integer: { 0 &- $0 }
        )
    }

    static func derivative(_ site: OperatorSite, _ fragment: inout GradientFragment) throws(CNNOptError)
        -> GradientFragment.Operand?
    { try fragment.number(-1) }
}
