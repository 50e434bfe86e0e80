import GraphIR
import Tensors

/// The cosine.
enum Cos: UnaryOperator {
    static let schema = OperatorSchema("Cos", versions: [7, 22], inputs: 1...1)

    static func function(_ site: OperatorSite) throws(CNNOptError) -> UnaryFunction {
        UnaryFunction(
            float: { Mathematics.cos($0) },
            double: { Mathematics.cos($0) }
        )
    }

    static func derivative(_ site: OperatorSite, _ fragment: inout GradientFragment) throws(CNNOptError)
        -> GradientFragment.Operand?
    { fragment.add("Neg", [fragment.add("Sin", [.input(0)])]) }
}
