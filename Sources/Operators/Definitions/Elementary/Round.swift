import GraphIR
import Tensors

/// The nearest integer, the even one of two.
enum Round: UnaryOperator {
    static let schema = OperatorSchema("Round", versions: [11, 22], inputs: 1...1)

    static func function(_ site: OperatorSite) throws(CNNOptError) -> UnaryFunction {
        UnaryFunction(
            float: { $0.rounded(.toNearestOrEven) },
            double: { $0.rounded(.toNearestOrEven) }
        )
    }

    static func inferElements(_ site: OperatorSite) throws(CNNOptError) -> [ShapeElements?] { [site.shapeElements(0)] }
}
