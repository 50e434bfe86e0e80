import GraphIR
import Tensors

/// max(x, 0), elementwise.
enum Relu: UnaryOperator {
    static let schema = OperatorSchema("Relu", versions: [1, 6, 13, 14], inputs: 1...1)
    static var traits: OperatorTraits { [.elementwise, .isRectifier, .isQuantizable] }

    static func function(_ site: OperatorSite) throws(CNNOptError) -> UnaryFunction {
        UnaryFunction(float: { max($0, 0) }, double: { max($0, 0) }, integer: { max($0, 0) })
    }

    static func elementary(_ site: OperatorSite) throws(CNNOptError) -> ElementaryFunction? {
        .relu
    }
}
