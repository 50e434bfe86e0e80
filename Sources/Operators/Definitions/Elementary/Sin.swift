import GraphIR
import Tensors

/// The sine.
enum Sin: UnaryOperator {
    static let schema = OperatorSchema("Sin", versions: [7, 22], inputs: 1...1)

    static func function(_ site: OperatorSite) throws(CNNOptError) -> UnaryFunction {
        UnaryFunction(
            float: { Mathematics.sin($0) },
            double: { Mathematics.sin($0) }
        )
    }

    static func derivative(_ site: OperatorSite, _ fragment: inout GradientFragment) throws(CNNOptError)
        -> GradientFragment.Operand?
    { fragment.add("Cos", [.input(0)]) }
}
