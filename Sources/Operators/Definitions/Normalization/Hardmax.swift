import GraphIR
import Tensors

/// 1 at the first largest element along an axis, 0 elsewhere.
enum Hardmax: SoftmaxOperator {
    static let schema = OperatorSchema("Hardmax", versions: [1, 11, 13], inputs: 1...1)
    static let rule = SoftmaxRule.hardmax
}
