import GraphIR
import Tensors

/// x where it is above `alpha`, else 0.
enum ThresholdedRelu: UnaryOperator {
    static let schema = OperatorSchema("ThresholdedRelu", versions: [1, 10, 22], inputs: 1...1)

    static func function(_ site: OperatorSite) throws(CNNOptError) -> UnaryFunction {
        let alpha = try site.float("alpha", default: 1)
        let alphaWide = Double(alpha)
        return UnaryFunction(
            float: { $0 > alpha ? $0 : 0 },
            double: { $0 > alphaWide ? $0 : 0 }
        )
    }
}
