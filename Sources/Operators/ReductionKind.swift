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
    private func real<T: TensorScalar & Real>(
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
                $0 + value(($1 as T).wide)
            } merge: {
                $0 + $1
            } finish: {
                T(wide: finish($0))
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
                $0 * ($1 as T).wide
            } merge: {
                $0 * $1
            } finish: {
                T(wide: $0)
            }
        case .maximum:
            return try reduction.apply(input, threads: threads, start: T(wide: -.infinity)) {
                T.larger($0, $1)
            } merge: {
                T.larger($0, $1)
            } finish: {
                $0
            }
        case .minimum:
            return try reduction.apply(input, threads: threads, start: T(wide: .infinity)) {
                T.smaller($0, $1)
            } merge: {
                T.smaller($0, $1)
            } finish: {
                $0
            }
        case .logOfSumOfExponentials:
            return try reduction.apply(input, threads: threads, start: ScaledSum()) {
                $0.adding(($1 as T).wide)
            } merge: {
                $0.adding($1)
            } finish: {
                T(wide: $0.logarithm)
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

/// The floats that reductions run on.
private protocol Real: Sendable {
    var wide: Double { get }
    init(wide: Double)
    static func larger(_ a: Self, _ b: Self) -> Self
    static func smaller(_ a: Self, _ b: Self) -> Self
}

extension Float: Real {
    fileprivate var wide: Double { Double(self) }
    fileprivate init(wide: Double) { self = Float(wide) }
    fileprivate static func larger(_ a: Float, _ b: Float) -> Float { Mathematics.larger(a, b) }
    fileprivate static func smaller(_ a: Float, _ b: Float) -> Float { Mathematics.smaller(a, b) }
}

extension Double: Real {
    fileprivate var wide: Double { self }
    fileprivate init(wide: Double) { self = wide }
    fileprivate static func larger(_ a: Double, _ b: Double) -> Double { Mathematics.larger(a, b) }
    fileprivate static func smaller(_ a: Double, _ b: Double) -> Double { Mathematics.smaller(a, b) }
}

// Beside its callers: only so are the closures taken into the loops where each file is optimised by itself.
extension Reduction {
    /// Joins the elements.
    /// - Parameters:
    ///   - start: what no element gives.
    ///   - add: takes one element in; `merge` joins two partial results.
    ///   - finish: makes the output element.
    @inline(__always)
    fileprivate func apply<S: TensorScalar, A, T: TensorScalar>(
        _ input: TensorData,
        as elementType: ElementType? = nil,
        threads: Int,
        start: A,
        add: @Sendable (A, S) -> A,
        merge: @Sendable (A, A) -> A,
        finish: @Sendable (A) -> T
    ) throws(CNNOptError) -> TensorData where A: Sendable {
        try input.withElements(S.self) { (source) throws(CNNOptError) in
            try TensorData.make(T.self, as: elementType, shape: shape) { (target) throws(CNNOptError) in
                guard let out = target.baseAddress, !target.isEmpty else { return }
                guard let base = source.baseAddress, !source.isEmpty else {
                    for i in target.indices { out[i] = finish(start) }
                    return
                }
                let (from, to) = (SharedReadPointer(base), SharedPointer(out))
                let outer = kept.reduce(1) { $0 * $1.size }
                let steps = reduced.map { $0.size }.reduce(1, *)
                let offsets = (0..<steps).map { Self.offset($0, reduced) }
                parallelFor(outer, threads: source.count < 1 << 15 ? 1 : threads) { range in
                    if reducesRun {
                        for index in range {
                            let first = from.base + Self.offset(index, kept)
                            // Four partial results, so that each step need not wait for the one before.
                            var (a, b, c, d) = (start, start, start, start)
                            for offset in offsets {
                                let row = first + offset
                                var k = 0
                                while k + 4 <= run {
                                    a = add(a, row[k])
                                    b = add(b, row[k + 1])
                                    c = add(c, row[k + 2])
                                    d = add(d, row[k + 3])
                                    k += 4
                                }
                                while k < run {
                                    a = add(a, row[k])
                                    k += 1
                                }
                            }
                            to.base[index] = finish(merge(merge(a, b), merge(c, d)))
                        }
                    } else {
                        withUnsafeTemporaryAllocation(of: A.self, capacity: run) { partial in
                            partial.initialize(repeating: start)
                            for index in range {
                                let first = from.base + Self.offset(index, kept)
                                for k in 0..<run { partial[k] = start }
                                for offset in offsets {
                                    let row = first + offset
                                    for k in 0..<run { partial[k] = add(partial[k], row[k]) }
                                }
                                for k in 0..<run { to.base[index * run + k] = finish(partial[k]) }
                            }
                            partial.deinitialize()
                        }
                    }
                }
            }
        }
    }
}
