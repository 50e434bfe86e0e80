import GraphIR
import Tensors

/// x·tanh(log(1 + eˣ)). Misra, 2019.
enum Mish: UnaryOperator {
    static let schema = OperatorSchema("Mish", versions: [18, 22], inputs: 1...1)

    static func function(_ site: OperatorSite) throws(CNNOptError) -> UnaryFunction {
        UnaryFunction(
            float: { $0 * Mathematics.tanh(Mathematics.softplus($0)) },
            double: { $0 * Mathematics.tanh(Mathematics.softplus($0)) }
        )
    }
}
