import GraphIR
import Tensors

/// The sum of magnitudes along axes.
enum ReduceL1: ReductionOperator {
    static let schema = OperatorSchema("ReduceL1", versions: [1, 11, 13, 18], inputs: 1...2)
    static var kind: ReductionKind { .sumOfMagnitudes }
}
