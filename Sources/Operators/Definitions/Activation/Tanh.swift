import GraphIR
import Tensors

/// The hyperbolic tangent.
enum Tanh: UnaryOperator {
    static let schema = OperatorSchema("Tanh", versions: [1, 6, 13], inputs: 1...1)

    static func function(_ site: OperatorSite) throws(CNNOptError) -> UnaryFunction {
        UnaryFunction(
            float: { Mathematics.tanh($0) },
            double: { Mathematics.tanh($0) }
        )
    }

    static func elementary(_ site: OperatorSite) throws(CNNOptError) -> ElementaryFunction? {
        .tanh
    }

    static func derivative(_ site: OperatorSite, _ fragment: inout GradientFragment) throws(CNNOptError)
        -> GradientFragment.Operand?
    {
        let square = fragment.product(.output(0), .output(0))
        return try fragment.complement(square)
    }
}
