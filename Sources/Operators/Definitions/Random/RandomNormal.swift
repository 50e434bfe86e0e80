import GraphIR
import Tensors

/// Normal numbers of a given shape.
enum RandomNormal: RandomOperator {
    static let schema = OperatorSchema("RandomNormal", versions: [1, 22], inputs: 0...0)

    static func shape(_ site: OperatorSite) throws(CNNOptError) -> Shape? {
        try site.shapeAttribute()
    }

    static func usualType(_ site: OperatorSite) -> ElementType? { .float32 }
}
