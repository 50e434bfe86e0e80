import GraphIR
import Tensors

/// The arctangent.
enum Atan: UnaryOperator {
    static let schema = OperatorSchema("Atan", versions: [7, 22], inputs: 1...1)

    static func function(_ site: OperatorSite) throws(CNNOptError) -> UnaryFunction {
        UnaryFunction(
            float: { Mathematics.atan($0) },
            double: { Mathematics.atan($0) }
        )
    }
}
