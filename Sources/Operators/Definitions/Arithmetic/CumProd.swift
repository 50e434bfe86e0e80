import GraphIR
import Tensors

/// Running products along an axis.
enum CumProd: RunningOperator {
    static let schema = OperatorSchema("CumProd", versions: [26], inputs: 2...2)
    static var start: Int64 { 1 }

    static func join(_ a: Double, _ b: Double) -> Double { a * b }
    static func join(_ a: Int64, _ b: Int64) -> Int64 { a &* b }
}
