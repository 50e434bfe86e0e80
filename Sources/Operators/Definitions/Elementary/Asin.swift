import GraphIR
import Tensors

/// The arcsine.
enum Asin: UnaryOperator {
    static let schema = OperatorSchema("Asin", versions: [7, 22], inputs: 1...1)

    static func function(_ site: OperatorSite) throws(CNNOptError) -> UnaryFunction {
        UnaryFunction(
            float: { Mathematics.asin($0) },
            double: { Mathematics.asin($0) }
        )
    }
}
