import GraphIR
import Tensors

/// Whether a ≥ b, with broadcasting.
enum GreaterOrEqual: ComparisonOperator {
    static let schema = OperatorSchema("GreaterOrEqual", versions: [12, 16], inputs: 2...2)
    static var comparison: Comparison { .greaterOrEqual }
}
