import GraphIR
import Tensors

/// Even numbers in the shape of the input.
enum RandomUniformLike: RandomOperator {
    static let schema = OperatorSchema("RandomUniformLike", versions: [1, 22], inputs: 1...1)

    static func shape(_ site: OperatorSite) throws(CNNOptError) -> Shape? {
        site.shape(0)
    }

    static func usualType(_ site: OperatorSite) -> ElementType? { site.elementType(0) }
}
