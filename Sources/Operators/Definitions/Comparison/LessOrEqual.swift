import GraphIR
import Tensors

/// Whether a ≤ b, with broadcasting.
enum LessOrEqual: ComparisonOperator {
    static let schema = OperatorSchema("LessOrEqual", versions: [12, 16], inputs: 2...2)
    static var comparison: Comparison { .lessOrEqual }
}
