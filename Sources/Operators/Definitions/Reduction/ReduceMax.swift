import GraphIR
import Tensors

/// The maximum along axes.
enum ReduceMax: ReductionOperator {
    static let schema = OperatorSchema("ReduceMax", versions: [1, 11, 12, 13, 18, 20], inputs: 1...2)
    static var kind: ReductionKind { .maximum }
}
