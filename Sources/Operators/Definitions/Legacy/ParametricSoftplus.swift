import GraphIR
import Tensors

/// alpha·log(exp(beta·x) + 1). Experimental, gone with operator set 10.
enum ParametricSoftplus: UnaryOperator {
    static let schema = OperatorSchema("ParametricSoftplus", versions: [1], inputs: 1...1)

    static func function(_ site: OperatorSite) throws(CNNOptError) -> UnaryFunction {
        let (alpha, beta) = (try site.float("alpha", default: 1), try site.float("beta", default: 1))
        let (wideAlpha, wideBeta) = (Double(alpha), Double(beta))
        return UnaryFunction(
            float: { alpha * Mathematics.softplus(beta * $0) },
            double: { wideAlpha * Mathematics.softplus(wideBeta * $0) }
        )
    }

    static func upgraded(_ site: OperatorSite, to opset: Int) throws(CNNOptError) -> OperatorRewrite? {
        guard opset >= LegacyOperators.end else { return nil }
        return OperatorRewrite([
            .init("Mul", [.input(0), try site.number(site.float("beta", default: 1), stem: "beta")]),
            .init("Softplus", [.step(0)]),
            .init("Mul", [.step(1), try site.number(site.float("alpha", default: 1), stem: "alpha")]),
        ])
    }
}
