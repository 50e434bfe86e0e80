import GraphIR
import Tensors

/// `alpha`·x + `beta`, clamped to 0…1.
enum HardSigmoid: UnaryOperator {
    static let schema = OperatorSchema("HardSigmoid", versions: [1, 6, 22], inputs: 1...1)

    static func function(_ site: OperatorSite) throws(CNNOptError) -> UnaryFunction {
        let alpha = try site.float("alpha", default: 0.2)
        let beta = try site.float("beta", default: 0.5)
        let alphaWide = Double(alpha)
        let betaWide = Double(beta)
        return UnaryFunction(
            floatLoop: { x, y, range in
                for i in range { y[i] = Mathematics.smaller(Mathematics.larger(alpha * x[i] + beta, 0), 1) }
            },
            doubleLoop: { x, y, range in
                for i in range { y[i] = Mathematics.smaller(Mathematics.larger(alphaWide * x[i] + betaWide, 0), 1) }
            }
        )
    }

    static func elementary(_ site: OperatorSite) throws(CNNOptError) -> ElementaryFunction? {
        .hardSigmoid(alpha: try site.float("alpha", default: 0.2), beta: try site.float("beta", default: 0.5))
    }
}
