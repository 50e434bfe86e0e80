import GraphIR
import Tensors

/// The sum along axes.
enum ReduceSum: ReductionOperator {
    static let schema = OperatorSchema("ReduceSum", versions: [1, 11, 13], inputs: 1...2)
    static var kind: ReductionKind { .sum }
    static var axesInputVersion: Int { 13 }
}
