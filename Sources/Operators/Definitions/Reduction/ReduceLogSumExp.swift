import GraphIR
import Tensors

/// log Σ eˣ along axes.
enum ReduceLogSumExp: ReductionOperator {
    static let schema = OperatorSchema("ReduceLogSumExp", versions: [1, 11, 13, 18], inputs: 1...2)
    static var kind: ReductionKind { .logOfSumOfExponentials }
}
