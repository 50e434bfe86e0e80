import GraphIR
import Tensors

/// The inverse of the hyperbolic tangent.
enum Atanh: UnaryOperator {
    static let schema = OperatorSchema("Atanh", versions: [9, 22], inputs: 1...1)

    static func function(_ site: OperatorSite) throws(CNNOptError) -> UnaryFunction {
        UnaryFunction(
            float: { Mathematics.atanh($0) },
            double: { Mathematics.atanh($0) }
        )
    }
}
