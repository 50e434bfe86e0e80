import GraphIR
import Tensors

/// alpha·x + beta. Experimental, gone with operator set 10.
enum Affine: UnaryOperator {
    static let schema = OperatorSchema("Affine", versions: [1], inputs: 1...1)

    static func function(_ site: OperatorSite) throws(CNNOptError) -> UnaryFunction {
        let (alpha, beta) = (try site.float("alpha", default: 1), try site.float("beta", default: 0))
        let (wideAlpha, wideBeta) = (Double(alpha), Double(beta))
        return UnaryFunction(float: { alpha * $0 + beta }, double: { wideAlpha * $0 + wideBeta })
    }

    static func upgraded(_ site: OperatorSite, to opset: Int) throws(CNNOptError) -> OperatorRewrite? {
        guard opset >= LegacyOperators.end else { return nil }
        return OperatorRewrite([
            .init("Mul", [.input(0), try site.number(site.float("alpha", default: 1), stem: "alpha")]),
            .init("Add", [.step(0), try site.number(site.float("beta", default: 0), stem: "beta")]),
        ])
    }
}
