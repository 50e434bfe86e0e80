import GraphIR
import Tensors

/// Ones with the probabilities that the input holds, zeros otherwise.
enum Bernoulli: RandomOperator {
    static let schema = OperatorSchema("Bernoulli", versions: [15, 22], inputs: 1...1)

    static func shape(_ site: OperatorSite) throws(CNNOptError) -> Shape? {
        site.shape(0)
    }

    static func usualType(_ site: OperatorSite) -> ElementType? { site.elementType(0) }
}
