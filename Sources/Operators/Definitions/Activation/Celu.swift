import GraphIR
import Tensors

/// x, or `alpha`·(e^(x/`alpha`) − 1) below zero: an Elu whose slope is continuous. Barron, 2017.
enum Celu: UnaryOperator {
    static let schema = OperatorSchema("Celu", versions: [12], inputs: 1...1)

    static func function(_ site: OperatorSite) throws(CNNOptError) -> UnaryFunction {
        let alpha = try site.float("alpha", default: 1)
        let alphaWide = Double(alpha)
        return UnaryFunction(
            float: { $0 < 0 ? alpha * Mathematics.expm1($0 / alpha) : $0 },
            double: { $0 < 0 ? alphaWide * Mathematics.expm1($0 / alphaWide) : $0 }
        )
    }
}
