import GraphIR
import Tensors

/// log(1 + eˣ).
enum Softplus: UnaryOperator {
    static let schema = OperatorSchema("Softplus", versions: [1, 22], inputs: 1...1)

    static func function(_ site: OperatorSite) throws(CNNOptError) -> UnaryFunction {
        UnaryFunction(
            float: { Mathematics.softplus($0) },
            double: { Mathematics.softplus($0) }
        )
    }

    static func elementary(_ site: OperatorSite) throws(CNNOptError) -> ElementaryFunction? {
        .softplus
    }
}
