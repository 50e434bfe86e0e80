import GraphIR
import Tensors

/// eˣ.
enum Exp: UnaryOperator {
    static let schema = OperatorSchema("Exp", versions: [1, 6, 13], inputs: 1...1)

    static func function(_ site: OperatorSite) throws(CNNOptError) -> UnaryFunction {
        UnaryFunction(
            float: { Mathematics.exp($0) },
            double: { Mathematics.exp($0) }
        )
    }

    static func elementary(_ site: OperatorSite) throws(CNNOptError) -> ElementaryFunction? {
        .exponential
    }

    static func derivative(_ site: OperatorSite, _ fragment: inout GradientFragment) throws(CNNOptError)
        -> GradientFragment.Operand?
    { .output(0) }
}
