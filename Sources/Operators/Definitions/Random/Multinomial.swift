import GraphIR
import Tensors

/// Classes drawn with the probabilities that the input holds the logarithms of.
enum Multinomial: RandomOperator {
    static let schema = OperatorSchema("Multinomial", versions: [7, 22], inputs: 1...1)

    static func shape(_ site: OperatorSite) throws(CNNOptError) -> Shape? {
        let count = try site.int("sample_size", default: 1)
        return [site.shape(0)?.first ?? .unknown, count >= 0 ? .known(count) : .unknown]
    }

    static func usualType(_ site: OperatorSite) -> ElementType? { .int32 }
}
