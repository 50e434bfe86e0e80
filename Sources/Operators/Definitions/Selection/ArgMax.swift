import GraphIR
import Tensors

/// The index of the largest element along an axis.
enum ArgMax: ExtremeIndexOperator {
    static let schema = OperatorSchema("ArgMax", versions: [1, 11, 12, 13], inputs: 1...1)
    static var findsLargest: Bool { true }
}
