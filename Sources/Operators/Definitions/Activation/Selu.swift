import GraphIR
import Tensors

/// `gamma`·x, or `gamma`·`alpha`·(eˣ − 1) at and below zero. Klambauer et al., 2017.
enum Selu: UnaryOperator {
    static let schema = OperatorSchema("Selu", versions: [1, 6, 22], inputs: 1...1)

    static func function(_ site: OperatorSite) throws(CNNOptError) -> UnaryFunction {
        let alpha = try site.float("alpha", default: 1.67326319217681884765625)
        let gamma = try site.float("gamma", default: 1.05070102214813232421875)
        let alphaWide = Double(alpha)
        let gammaWide = Double(gamma)
        return UnaryFunction(
            float: { gamma * ($0 <= 0 ? alpha * Mathematics.expm1($0) : $0) },
            double: { gammaWide * ($0 <= 0 ? alphaWide * Mathematics.expm1($0) : $0) }
        )
    }
}
