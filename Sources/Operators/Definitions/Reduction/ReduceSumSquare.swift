import GraphIR
import Tensors

/// The sum of squares along axes.
enum ReduceSumSquare: ReductionOperator {
    static let schema = OperatorSchema("ReduceSumSquare", versions: [1, 11, 13, 18], inputs: 1...2)
    static var kind: ReductionKind { .sumOfSquares }
}
