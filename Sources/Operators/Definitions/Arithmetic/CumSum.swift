import GraphIR
import Tensors

/// Running sums along an axis.
enum CumSum: RunningOperator {
    static let schema = OperatorSchema("CumSum", versions: [11, 14], inputs: 2...2)
    static var start: Int64 { 0 }

    static func join(_ a: Double, _ b: Double) -> Double { a + b }
    static func join(_ a: Int64, _ b: Int64) -> Int64 { a &+ b }
}
