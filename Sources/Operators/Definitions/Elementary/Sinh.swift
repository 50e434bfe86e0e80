import GraphIR
import Tensors

/// The hyperbolic sine.
enum Sinh: UnaryOperator {
    static let schema = OperatorSchema("Sinh", versions: [9, 22], inputs: 1...1)

    static func function(_ site: OperatorSite) throws(CNNOptError) -> UnaryFunction {
        UnaryFunction(
            float: { Mathematics.sinh($0) },
            double: { Mathematics.sinh($0) }
        )
    }
}
