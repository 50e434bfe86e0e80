import GraphIR
import Tensors

/// The next integer above.
enum Ceil: UnaryOperator {
    static let schema = OperatorSchema("Ceil", versions: [1, 6, 13], inputs: 1...1)

    static func function(_ site: OperatorSite) throws(CNNOptError) -> UnaryFunction {
        UnaryFunction(
            float: { $0.rounded(.up) },
            double: { $0.rounded(.up) }
        )
    }

    static func inferElements(_ site: OperatorSite) throws(CNNOptError) -> [ShapeElements?] { [site.shapeElements(0)] }
}
