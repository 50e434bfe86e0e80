import GraphIR
import Tensors

/// The next integer below.
enum Floor: UnaryOperator {
    static let schema = OperatorSchema("Floor", versions: [1, 6, 13], inputs: 1...1)

    static func function(_ site: OperatorSite) throws(CNNOptError) -> UnaryFunction {
        UnaryFunction(
            float: { $0.rounded(.down) },
            double: { $0.rounded(.down) }
        )
    }

    static func inferElements(_ site: OperatorSite) throws(CNNOptError) -> [ShapeElements?] { [site.shapeElements(0)] }
}
