import GraphIR
import Tensors

/// Whether a < b, with broadcasting.
enum Less: ComparisonOperator {
    static let schema = OperatorSchema("Less", versions: [1, 7, 9, 13], inputs: 2...2)
    static var comparison: Comparison { .less }
}
