import GraphIR
import Tensors

/// Whether a = b, with broadcasting.
enum Equal: ComparisonOperator {
    static let schema = OperatorSchema("Equal", versions: [1, 7, 11, 13, 19], inputs: 2...2)
    static var comparison: Comparison { .equal }
}
