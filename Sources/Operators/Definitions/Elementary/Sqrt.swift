import GraphIR
import Tensors

/// The square root.
enum Sqrt: UnaryOperator {
    static let schema = OperatorSchema("Sqrt", versions: [1, 6, 13], inputs: 1...1)

    static func function(_ site: OperatorSite) throws(CNNOptError) -> UnaryFunction {
        UnaryFunction(
            float: { $0.squareRoot() },
            double: { $0.squareRoot() }
        )
    }

    static func elementary(_ site: OperatorSite) throws(CNNOptError) -> ElementaryFunction? {
        .squareRoot
    }

    static func derivative(_ site: OperatorSite, _ fragment: inout GradientFragment) throws(CNNOptError)
        -> GradientFragment.Operand?
    { try fragment.product(fragment.add("Reciprocal", [.output(0)]), 0.5) }
}
