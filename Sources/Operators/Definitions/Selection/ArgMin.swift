import GraphIR
import Tensors

/// The index of the smallest element along an axis.
enum ArgMin: ExtremeIndexOperator {
    static let schema = OperatorSchema("ArgMin", versions: [1, 11, 12, 13], inputs: 1...1)
    static var findsLargest: Bool { false }
}
