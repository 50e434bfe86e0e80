import GraphIR
import Tensors

/// max(x, 0), elementwise.
enum Relu: UnaryOperator, MergingOperator {
    static let schema = OperatorSchema("Relu", versions: [1, 6, 13, 14], inputs: 1...1)
    static var traits: OperatorTraits { [.elementwise, .isRectifier, .isQuantizable] }

    static func function(_ site: OperatorSite) throws(CNNOptError) -> UnaryFunction {
        UnaryFunction(float: { max($0, 0) }, double: { max($0, 0) }, integer: { max($0, 0) })
    }

    static func merged(
        _ site: OperatorSite,
        after earlier: OperatorSite,
        of definition: any Operator.Type
    ) throws(CNNOptError) -> MergedNode? {
        try Clip.merged(site, .relu, after: earlier, of: definition)
    }

    static func elementary(_ site: OperatorSite) throws(CNNOptError) -> ElementaryFunction? {
        .relu
    }

    static func derivative(_ site: OperatorSite, _ fragment: inout GradientFragment) throws(CNNOptError)
        -> GradientFragment.Operand?
    { try fragment.step(.output(0)) }
}
