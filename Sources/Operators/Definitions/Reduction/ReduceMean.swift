import GraphIR
import Tensors

/// The mean along axes.
enum ReduceMean: ReductionOperator {
    static let schema = OperatorSchema("ReduceMean", versions: [1, 11, 13, 18], inputs: 1...2)
    static var kind: ReductionKind { .mean }
}
