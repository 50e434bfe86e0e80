import GraphIR
import Tensors

/// The hyperbolic cosine.
enum Cosh: UnaryOperator {
    static let schema = OperatorSchema("Cosh", versions: [9, 22], inputs: 1...1)

    static func function(_ site: OperatorSite) throws(CNNOptError) -> UnaryFunction {
        UnaryFunction(
            float: { Mathematics.cosh($0) },
            double: { Mathematics.cosh($0) }
        )
    }
}
