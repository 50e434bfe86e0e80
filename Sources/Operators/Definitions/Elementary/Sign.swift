import GraphIR
import Tensors

/// −1, 0 or 1; NaN stays NaN.
enum Sign: UnaryOperator {
    static let schema = OperatorSchema("Sign", versions: [9, 13], inputs: 1...1)

    static func function(_ site: OperatorSite) throws(CNNOptError) -> UnaryFunction {
        UnaryFunction(
            float: { $0 > 0 ? 1 : $0 < 0 ? -1 : $0 },
            double: { $0 > 0 ? 1 : $0 < 0 ? -1 : $0 },
            integer: { $0.signum() },
            unsigned: { $0 == 0 ? 0 : 1 }
        )
    }
}
