import GraphIR
import Tensors

/// 1 / (1 + e⁻ˣ).
enum Sigmoid: UnaryOperator {
    static let schema = OperatorSchema("Sigmoid", versions: [1, 6, 13], inputs: 1...1)
    static var traits: OperatorTraits { [.elementwise, .isQuantizable] }

    static func function(_ site: OperatorSite) throws(CNNOptError) -> UnaryFunction {
        UnaryFunction(
            float: { Mathematics.sigmoid($0) },
            double: { Mathematics.sigmoid($0) }
        )
    }

    static func elementary(_ site: OperatorSite) throws(CNNOptError) -> ElementaryFunction? {
        .sigmoid
    }

    static func derivative(_ site: OperatorSite, _ fragment: inout GradientFragment) throws(CNNOptError)
        -> GradientFragment.Operand?
    {
        let rest = try fragment.complement(.output(0))
        return fragment.product(.output(0), rest)
    }
}
