import GraphIR
import Tensors

/// The arccosine.
enum Acos: UnaryOperator {
    static let schema = OperatorSchema("Acos", versions: [7, 22], inputs: 1...1)

    static func function(_ site: OperatorSite) throws(CNNOptError) -> UnaryFunction {
        UnaryFunction(
            float: { Mathematics.acos($0) },
            double: { Mathematics.acos($0) }
        )
    }
}
