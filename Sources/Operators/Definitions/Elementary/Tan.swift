import GraphIR
import Tensors

/// The tangent.
enum Tan: UnaryOperator {
    static let schema = OperatorSchema("Tan", versions: [7, 22], inputs: 1...1)

    static func function(_ site: OperatorSite) throws(CNNOptError) -> UnaryFunction {
        UnaryFunction(
            float: { Mathematics.tan($0) },
            double: { Mathematics.tan($0) }
        )
    }
}
