import GraphIR
import Tensors

/// The logarithm of ``Softmax``.
enum LogSoftmax: SoftmaxOperator {
    static let schema = OperatorSchema("LogSoftmax", versions: [1, 11, 13], inputs: 1...1)
    static let rule = SoftmaxRule.logSoftmax
}
