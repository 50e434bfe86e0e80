import GraphIR
import Tensors

/// x, or `alpha`·(eˣ − 1) below zero. Clevert et al., 2016.
enum Elu: UnaryOperator {
    static let schema = OperatorSchema("Elu", versions: [1, 6, 22], inputs: 1...1)

    static func function(_ site: OperatorSite) throws(CNNOptError) -> UnaryFunction {
        let alpha = try site.float("alpha", default: 1)
        let alphaWide = Double(alpha)
        return UnaryFunction(
            float: { $0 < 0 ? alpha * Mathematics.expm1($0) : $0 },
            double: { $0 < 0 ? alphaWide * Mathematics.expm1($0) : $0 }
        )
    }

    static func elementary(_ site: OperatorSite) throws(CNNOptError) -> ElementaryFunction? {
        .elu(try site.float("alpha", default: 1))
    }

    static func derivative(_ site: OperatorSite, _ fragment: inout GradientFragment) throws(CNNOptError)
        -> GradientFragment.Operand?
    {
        let above = try fragment.step(.input(0))
        let below = try fragment.complement(above)
        let slope = try fragment.sum(.output(0), Double(try site.float("alpha", default: 1)))
        let slopeBelow = fragment.product(below, slope)
        return fragment.sum(above, slopeBelow)
    }
}
