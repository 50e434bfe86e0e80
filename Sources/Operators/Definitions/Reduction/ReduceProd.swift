import GraphIR
import Tensors

/// The product along axes.
enum ReduceProd: ReductionOperator {
    static let schema = OperatorSchema("ReduceProd", versions: [1, 11, 13, 18], inputs: 1...2)
    static var kind: ReductionKind { .product }
}
