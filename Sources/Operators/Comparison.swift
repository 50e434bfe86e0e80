import GraphIR
import Tensors

/// How two numbers are compared.
package enum Comparison: Sendable {
    case equal, less, lessOrEqual, greater, greaterOrEqual

    /// The comparison of every pair of elements of two tensors that broadcast, as bool tensor. Bools and strings can only be
    /// equal or not.
    /// - Throws: `invalidModel` where shapes or types disagree, `unsupported` for types without an order.
    package func apply(_ a: TensorData, _ b: TensorData, threads: Int) throws(CNNOptError) -> TensorData {
        guard a.elementType == b.elementType else {
            throw CNNOptError(
                .invalidModel,
                "element types \(a.elementType.onnxName) and \(b.elementType.onnxName) differ"
            )
        }
        switch a.elementType {
        case .float32: return try ordered(Float.self, a, b, threads)
        case .float64: return try ordered(Double.self, a, b, threads)
        case .float16, .bfloat16: return try apply(a.cast(to: .float32), b.cast(to: .float32), threads: threads)
        case .int8: return try ordered(Int8.self, a, b, threads)
        case .int16: return try ordered(Int16.self, a, b, threads)
        case .int32: return try ordered(Int32.self, a, b, threads)
        case .int64: return try ordered(Int64.self, a, b, threads)
        case .uint8: return try ordered(UInt8.self, a, b, threads)
        case .uint16: return try ordered(UInt16.self, a, b, threads)
        case .uint32: return try ordered(UInt32.self, a, b, threads)
        case .uint64: return try ordered(UInt64.self, a, b, threads)
        case .bool where self == .equal:
            return try BroadcastWalk.flags(UInt8.self, a, b, threads) { ($0 == 0) == ($1 == 0) }
        case .string where self == .equal: return try equalStrings(a, b)
        default: throw CNNOptError(.unsupported, "element type \(a.elementType.onnxName)")
        }
    }

    private func ordered<T: TensorScalar & Comparable>(_ type: T.Type, _ a: TensorData, _ b: TensorData, _ threads: Int)
        throws(CNNOptError) -> TensorData
    {
        switch self {
        case .equal: try BroadcastWalk.flags(type, a, b, threads) { $0 == $1 }
        case .less: try BroadcastWalk.flags(type, a, b, threads) { $0 < $1 }
        case .lessOrEqual: try BroadcastWalk.flags(type, a, b, threads) { $0 <= $1 }
        case .greater: try BroadcastWalk.flags(type, a, b, threads) { $0 > $1 }
        case .greaterOrEqual: try BroadcastWalk.flags(type, a, b, threads) { $0 >= $1 }
        }
    }

    private func equalStrings(_ a: TensorData, _ b: TensorData) throws(CNNOptError) -> TensorData {
        guard let left = a.strings, let right = b.strings else {
            throw CNNOptError(.unsupported, "element type \(a.elementType.onnxName)")
        }
        let walk = try BroadcastWalk(a.shape, b.shape)
        return try TensorData.make(UInt8.self, as: .bool, shape: walk.shape) { (target) throws(CNNOptError) in
            for run in 0..<walk.runs {
                let (i, j) = walk.offsets(of: run)
                for k in 0..<walk.innerCount {
                    let same = left[i + k * walk.innerA] == right[j + k * walk.innerB]
                    target[run * walk.innerCount + k] = same ? 1 : 0
                }
            }
        }
    }
}

extension BroadcastWalk {
    /// A bool for every pair of elements of two tensors that broadcast.
    @inline(__always)
    static func flags<T: TensorScalar>(
        _ type: T.Type,
        _ a: TensorData,
        _ b: TensorData,
        _ threads: Int,
        _ holds: @Sendable (T, T) -> Bool
    ) throws(CNNOptError) -> TensorData {
        let walk = try BroadcastWalk(a.shape, b.shape)
        return try a.withElements(T.self) { (left) throws(CNNOptError) in
            try b.withElements(T.self) { (right) throws(CNNOptError) in
                try TensorData.make(UInt8.self, as: .bool, shape: walk.shape) { (target) throws(CNNOptError) in
                    guard let out = target.baseAddress, let l = left.baseAddress, let r = right.baseAddress else {
                        return
                    }
                    let (pl, pr, po) = (SharedReadPointer(l), SharedReadPointer(r), SharedPointer(out))
                    parallelFor(walk.runs, threads: target.count < 1 << 15 ? 1 : threads) { range in
                        for run in range {
                            let (i, j) = walk.offsets(of: run)
                            let (x, y, z) = (pl.base + i, pr.base + j, po.base + run * walk.innerCount)
                            if walk.innerA == 1, walk.innerB == 1 {
                                for k in 0..<walk.innerCount { z[k] = holds(x[k], y[k]) ? 1 : 0 }
                            } else {
                                for k in 0..<walk.innerCount {
                                    z[k] = holds(x[k &* walk.innerA], y[k &* walk.innerB]) ? 1 : 0
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
