import GraphIR
import Tensors

/// exp(x) divided by its sum along an axis; before operator set 13 along all axes from that one on.
enum Softmax: SoftmaxOperator {
    static let schema = OperatorSchema("Softmax", versions: [1, 11, 13], inputs: 1...1)
    static let rule = SoftmaxRule.softmax
}
