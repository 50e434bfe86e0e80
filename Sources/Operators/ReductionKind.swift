import GraphIR
import Tensors

/// What a reduction makes of the elements that it joins.
package enum ReductionKind: Sendable {
    case sum, mean, maximum, minimum, product
    case sumOfMagnitudes, norm, logOfSum, logOfSumOfExponentials, sumOfSquares

    /// Whether leaving an element out gives the same as setting it to zero.
    var ignoresZeros: Bool {
        switch self {
        case .sum, .sumOfMagnitudes, .norm, .sumOfSquares, .logOfSum: true
        case .mean, .maximum, .minimum, .product, .logOfSumOfExponentials: false
        }
    }

    /// Sum, product or extreme of sizes; nil where it overflows or is of another kind.
    func joined(_ values: [Int]) -> Int? {
        switch self {
        case .maximum: return values.max()
        case .minimum: return values.min()
        case .sum, .product:
            var result = self == .sum ? 0 : 1
            for value in values {
                let next =
                    self == .sum ? result.addingReportingOverflow(value) : result.multipliedReportingOverflow(by: value)
                guard !next.overflow else { return nil }
                result = next.partialValue
            }
            return result
        default: return nil
        }
    }

    func apply(_ input: TensorData, _ reduction: Reduction, threads: Int) throws(CNNOptError) -> TensorData {
        switch input.elementType {
        case .float32: return try real(Float.self, input, reduction, threads)
        case .float64: return try real(Double.self, input, reduction, threads)
        case .float16, .bfloat16:
            return try real(Float.self, input.cast(to: .float32), reduction, threads).cast(to: input.elementType)
        case .int8: return try whole(Int8.self, Int64.self, input, reduction, threads)
        case .int16: return try whole(Int16.self, Int64.self, input, reduction, threads)
        case .int32: return try whole(Int32.self, Int64.self, input, reduction, threads)
        case .int64: return try whole(Int64.self, Int64.self, input, reduction, threads)
        case .uint8: return try whole(UInt8.self, UInt64.self, input, reduction, threads)
        case .uint16: return try whole(UInt16.self, UInt64.self, input, reduction, threads)
        case .uint32: return try whole(UInt32.self, UInt64.self, input, reduction, threads)
        case .uint64: return try whole(UInt64.self, UInt64.self, input, reduction, threads)
        case .bool where self == .maximum:
            return try reduction.apply(input, as: .bool, threads: threads, start: UInt8(0)) {
                (a: UInt8, x: UInt8) in
                x == 0 ? a : 1
            } merge: {
                $0 | $1
            } finish: {
                $0
            }
        case .bool where self == .minimum:
            return try reduction.apply(input, as: .bool, threads: threads, start: UInt8(1)) {
                (a: UInt8, x: UInt8) in
                x == 0 ? 0 : a
            } merge: {
                $0 & $1
            } finish: {
                $0
            }
        default: throw CNNOptError(.unsupported, "element type \(input.elementType.onnxName)")
        }
    }

    /// Floats; sums are kept in double precision.
    @inline(__always)
    private func real<T: TensorScalar & BinaryFloatingPoint>(
        _ type: T.Type,
        _ input: TensorData,
        _ reduction: Reduction,
        _ threads: Int
    ) throws(CNNOptError) -> TensorData {
        let count = Double(reduction.joined)
        @inline(__always)
        func total(
            _ value: @Sendable (Double) -> Double,
            _ finish: @Sendable (Double) -> Double
        ) throws(CNNOptError) -> TensorData {
            try reduction.apply(input, threads: threads, start: 0.0) {
                $0 + value(Double($1 as T))
            } merge: {
                $0 + $1
            } finish: {
                T(finish($0))
            }
        }
        switch self {
        case .sum: return try total({ $0 }, { $0 })
        case .mean: return try total({ $0 }, { $0 / count })
        case .sumOfMagnitudes: return try total({ abs($0) }, { $0 })
        case .sumOfSquares: return try total({ $0 * $0 }, { $0 })
        case .norm: return try total({ $0 * $0 }, { $0.squareRoot() })
        case .logOfSum: return try total({ $0 }, { Mathematics.log($0) })
        case .product:
            return try reduction.apply(input, threads: threads, start: 1.0) {
                $0 * Double($1 as T)
            } merge: {
                $0 * $1
            } finish: {
                T($0)
            }
        case .maximum:
            return try reduction.apply(input, threads: threads, start: -T.infinity) {
                Mathematics.larger($0, $1 as T)
            } merge: {
                Mathematics.larger($0, $1)
            } finish: {
                $0
            }
        case .minimum:
            return try reduction.apply(input, threads: threads, start: T.infinity) {
                Mathematics.smaller($0, $1 as T)
            } merge: {
                Mathematics.smaller($0, $1)
            } finish: {
                $0
            }
        case .logOfSumOfExponentials:
            return try reduction.apply(input, threads: threads, start: ScaledSum()) {
                $0.adding(Double($1 as T))
            } merge: {
                $0.adding($1)
            } finish: {
                T($0.logarithm)
            }
        }
    }

    /// Integers, in 64 bits that wrap. Means are cut towards zero; roots and logarithms are taken in double precision and cut.
    @inline(__always)
    private func whole<T: TensorScalar & FixedWidthInteger, W: FixedWidthInteger & Sendable>(
        _ type: T.Type,
        _ wide: W.Type,
        _ input: TensorData,
        _ reduction: Reduction,
        _ threads: Int
    ) throws(CNNOptError) -> TensorData {
        let count = W(clamping: reduction.joined)
        @inline(__always)
        func total(
            _ value: @Sendable (W) -> W,
            _ finish: @Sendable (W) -> T
        ) throws(CNNOptError) -> TensorData {
            try reduction.apply(input, threads: threads, start: W(0)) {
                $0 &+ value(W(truncatingIfNeeded: $1 as T))
            } merge: {
                $0 &+ $1
            } finish: {
                finish($0)
            }
        }
        switch self {
        case .sum: return try total({ $0 }, { T(truncatingIfNeeded: $0) })
        case .mean: return try total({ $0 }, { count == 0 ? 0 : T(truncatingIfNeeded: $0 / count) })
        case .sumOfMagnitudes: return try total({ $0 < 0 ? 0 &- $0 : $0 }, { T(truncatingIfNeeded: $0) })
        case .sumOfSquares: return try total({ $0 &* $0 }, { T(truncatingIfNeeded: $0) })
        case .norm: return try total({ $0 &* $0 }, { T(saturating: Double($0).squareRoot()) })
        case .logOfSum: return try total({ $0 }, { T(saturating: Mathematics.log(Double($0))) })
        case .product:
            return try reduction.apply(input, threads: threads, start: W(1)) {
                $0 &* W(truncatingIfNeeded: $1 as T)
            } merge: {
                $0 &* $1
            } finish: {
                T(truncatingIfNeeded: $0)
            }
        case .maximum:
            return try reduction.apply(input, threads: threads, start: T.min) {
                max($0, $1 as T)
            } merge: {
                max($0, $1)
            } finish: {
                $0
            }
        case .minimum:
            return try reduction.apply(input, threads: threads, start: T.max) {
                min($0, $1 as T)
            } merge: {
                min($0, $1)
            } finish: {
                $0
            }
        case .logOfSumOfExponentials:
            return try reduction.apply(input, threads: threads, start: ScaledSum()) {
                $0.adding(Double($1 as T))
            } merge: {
                $0.adding($1)
            } finish: {
                T(saturating: $0.logarithm)
            }
        }
    }
}

/// Σ eˣ as e^`largest` · `sum`, which does not overflow.
private struct ScaledSum: Sendable {
    private var largest = -Double.infinity
    private var sum = 0.0

    func adding(_ x: Double) -> ScaledSum {
        var result = self
        if x == largest {
            result.sum += 1
        } else if x < largest {
            result.sum += Mathematics.exp(x - largest)
        } else {
            // Also NaN, which then stays.
            result.sum = (sum == 0 ? 0 : sum * Mathematics.exp(largest - x)) + 1
            result.largest = x
        }
        return result
    }

    func adding(_ other: ScaledSum) -> ScaledSum {
        if other.sum == 0 || largest.isNaN { return self }
        if sum == 0 || other.largest.isNaN { return other }
        var result = self
        if other.largest == largest {
            result.sum += other.sum
        } else if other.largest < largest {
            result.sum += other.sum * Mathematics.exp(other.largest - largest)
        } else {
            result.sum = sum * Mathematics.exp(largest - other.largest) + other.sum
            result.largest = other.largest
        }
        return result
    }

    var logarithm: Double { largest + Mathematics.log(sum) }
}
