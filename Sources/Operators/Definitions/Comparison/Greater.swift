import GraphIR
import Tensors

/// Whether a > b, with broadcasting.
enum Greater: ComparisonOperator {
    static let schema = OperatorSchema("Greater", versions: [1, 7, 9, 13], inputs: 2...2)
    static var comparison: Comparison { .greater }
}
