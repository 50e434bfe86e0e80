import GraphIR
import Tensors

/// The inverse of the hyperbolic cosine.
enum Acosh: UnaryOperator {
    static let schema = OperatorSchema("Acosh", versions: [9, 22], inputs: 1...1)

    static func function(_ site: OperatorSite) throws(CNNOptError) -> UnaryFunction {
        UnaryFunction(
            float: { Mathematics.acosh($0) },
            double: { Mathematics.acosh($0) }
        )
    }
}
