import GraphIR
import Tensors

/// The logarithm of the sum along axes.
enum ReduceLogSum: ReductionOperator {
    static let schema = OperatorSchema("ReduceLogSum", versions: [1, 11, 13, 18], inputs: 1...2)
    static var kind: ReductionKind { .logOfSum }
}
