import GraphIR
import Tensors

/// The Euclidean norm along axes.
enum ReduceL2: ReductionOperator {
    static let schema = OperatorSchema("ReduceL2", versions: [1, 11, 13, 18], inputs: 1...2)
    static var kind: ReductionKind { .norm }
}
