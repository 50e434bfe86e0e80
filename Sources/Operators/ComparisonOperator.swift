import GraphIR
import Tensors

/// An operator that compares two inputs that broadcast.
package protocol ComparisonOperator: BroadcastOperator {
    static var comparison: Comparison { get }
}

extension ComparisonOperator {
    package static func outputElementType(_ site: OperatorSite) -> ElementType? { .bool }

    package static func combine(_ a: Dimension, _ b: Dimension, _ type: ElementType) -> Dimension? {
        if case .known(let x) = a, case .known(let y) = b {
            let holds =
                switch comparison {
                case .equal: x == y
                case .less: x < y
                case .lessOrEqual: x <= y
                case .greater: x > y
                case .greaterOrEqual: x >= y
                }
            return .known(holds ? 1 : 0)
        }
        // A size equals no negative number.
        if comparison == .equal, case (.symbol, .known(let number)) = (a, b), number < 0 { return .known(0) }
        if comparison == .equal, case (.known(let number), .symbol) = (a, b), number < 0 { return .known(0) }
        return nil
    }

    package static func pairKernel(_ site: OperatorSite) throws(CNNOptError)
        -> @Sendable (TensorData, TensorData, Int) throws(CNNOptError) -> TensorData
    {
        { (a, b, threads) throws(CNNOptError) in try comparison.apply(a, b, threads: threads) }
    }
}

/// An operator on the truth of two bool inputs that broadcast.
package protocol LogicalOperator: BroadcastOperator {
    static func apply(_ a: TensorData, _ b: TensorData, threads: Int) throws(CNNOptError) -> TensorData
}

extension LogicalOperator {
    package static func outputElementType(_ site: OperatorSite) -> ElementType? { .bool }

    package static func pairKernel(_ site: OperatorSite) throws(CNNOptError)
        -> @Sendable (TensorData, TensorData, Int) throws(CNNOptError) -> TensorData
    {
        { (a, b, threads) throws(CNNOptError) in
            guard a.elementType == .bool, b.elementType == .bool else {
                throw CNNOptError(
                    .invalidModel,
                    "element types \(a.elementType.onnxName) and \(b.elementType.onnxName), but both must be bool"
                )
            }
            return try apply(a, b, threads: threads)
        }
    }
}
