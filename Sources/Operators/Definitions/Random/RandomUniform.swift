import GraphIR
import Tensors

/// Even numbers of a given shape.
enum RandomUniform: RandomOperator {
    static let schema = OperatorSchema("RandomUniform", versions: [1, 22], inputs: 0...0)

    static func shape(_ site: OperatorSite) throws(CNNOptError) -> Shape? {
        try site.shapeAttribute()
    }

    static func usualType(_ site: OperatorSite) -> ElementType? { .float32 }
}
