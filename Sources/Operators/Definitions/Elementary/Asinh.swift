import GraphIR
import Tensors

/// The inverse of the hyperbolic sine.
enum Asinh: UnaryOperator {
    static let schema = OperatorSchema("Asinh", versions: [9, 22], inputs: 1...1)

    static func function(_ site: OperatorSite) throws(CNNOptError) -> UnaryFunction {
        UnaryFunction(
            float: { Mathematics.asinh($0) },
            double: { Mathematics.asinh($0) }
        )
    }
}
