import GraphIR
import Tensors

/// The minimum along axes.
enum ReduceMin: ReductionOperator {
    static let schema = OperatorSchema("ReduceMin", versions: [1, 11, 12, 13, 18, 20], inputs: 1...2)
    static var kind: ReductionKind { .minimum }
}
