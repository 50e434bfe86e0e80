import GraphIR
import Tensors

/// The error function.
enum Erf: UnaryOperator {
    static let schema = OperatorSchema("Erf", versions: [9, 13], inputs: 1...1)

    static func function(_ site: OperatorSite) throws(CNNOptError) -> UnaryFunction {
        UnaryFunction(
            float: { Mathematics.erf($0) },
            double: { Mathematics.erf($0) }
        )
    }
}
