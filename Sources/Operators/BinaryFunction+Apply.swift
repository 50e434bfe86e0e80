import Tensors

extension BinaryFunction {
    /// The function of every pair of elements of two tensors that broadcast.
    /// - Throws: `invalidModel` where shapes or types disagree, `unsupported` for a type that the operator does not take.
    package func apply(_ a: TensorData, _ b: TensorData, threads: Int) throws(CNNOptError) -> TensorData {
        guard a.elementType == b.elementType else {
            throw CNNOptError(
                .invalidModel,
                "element types \(a.elementType.onnxName) and \(b.elementType.onnxName) differ"
            )
        }
        switch a.elementType {
        case .float32: return try run(float, a, b, threads)
        case .float64: return try run(double, a, b, threads)
        case .float16:
            return try convert(a, b, Float16.self) {
                Float($0)
            } back: {
                Float16($0)
            }
        case .bfloat16:
            return try convert(a, b, BFloat16.self) {
                $0.float
            } back: {
                BFloat16($0)
            }
        case .int8: return try whole(a, b, Int8.self)
        case .int16: return try whole(a, b, Int16.self)
        case .int32: return try whole(a, b, Int32.self)
        case .int64: return try whole(a, b, Int64.self)
        case .uint8: return try whole(a, b, UInt8.self)
        case .uint16: return try whole(a, b, UInt16.self)
        case .uint32: return try whole(a, b, UInt32.self)
        case .uint64: return try whole(a, b, UInt64.self)
        default: throw CNNOptError(.unsupported, "element type \(a.elementType.onnxName)")
        }
    }

    private func run<T: TensorScalar>(_ loop: Loop<T>?, _ a: TensorData, _ b: TensorData, _ threads: Int)
        throws(CNNOptError) -> TensorData
    {
        guard let loop else { throw CNNOptError(.unsupported, "element type \(a.elementType.onnxName)") }
        let walk = try BroadcastWalk(a.shape, b.shape)
        return try a.withElements(T.self) { (left) throws(CNNOptError) in
            try b.withElements(T.self) { (right) throws(CNNOptError) in
                try TensorData.make(T.self, shape: walk.shape) { (target) throws(CNNOptError) in
                    guard let out = target.baseAddress, let l = left.baseAddress, let r = right.baseAddress,
                        walk.runs > 0
                    else { return }
                    let (pl, pr, po) = (SharedReadPointer(l), SharedReadPointer(r), SharedPointer(out))
                    parallelFor(walk.runs, threads: target.count < 1 << 15 ? 1 : threads) { range in
                        for run in range {
                            let (i, j) = walk.offsets(of: run)
                            loop(
                                pl.base + i,
                                walk.innerA,
                                pr.base + j,
                                walk.innerB,
                                po.base + run * walk.innerCount,
                                walk.innerCount
                            )
                        }
                    }
                }
            }
        }
    }

    private func convert<T: TensorScalar>(
        _ a: TensorData,
        _ b: TensorData,
        _ type: T.Type,
        _ widen: (T) -> Float,
        back: (Float) -> T
    ) throws(CNNOptError) -> TensorData {
        let wide = try run(
            float,
            TensorData(a.array(of: T.self).map(widen), shape: a.shape),
            TensorData(b.array(of: T.self).map(widen), shape: b.shape),
            1
        )
        return try TensorData(wide.array(of: Float.self).map(back), shape: wide.shape)
    }

    private func whole<T: TensorScalar & FixedWidthInteger>(
        _ a: TensorData,
        _ b: TensorData,
        _ type: T.Type
    ) throws(CNNOptError) -> TensorData {
        if !T.isSigned, let unsigned { return try whole(a, b, type, unsigned) }
        guard let integer else { throw CNNOptError(.unsupported, "element type \(a.elementType.onnxName)") }
        return try whole(a, b, type, integer)
    }

    private func whole<T: TensorScalar & FixedWidthInteger, W: FixedWidthInteger>(
        _ a: TensorData,
        _ b: TensorData,
        _ type: T.Type,
        _ function: Integer<W>
    ) throws(CNNOptError) -> TensorData {
        let walk = try BroadcastWalk(a.shape, b.shape)
        return try a.withElements(T.self) { (left) throws(CNNOptError) in
            try b.withElements(T.self) { (right) throws(CNNOptError) in
                try TensorData.make(T.self, shape: walk.shape) { (target) throws(CNNOptError) in
                    for run in 0..<walk.runs {
                        let (i, j) = walk.offsets(of: run)
                        for k in 0..<walk.innerCount {
                            let value = try function(
                                W(truncatingIfNeeded: left[i + k * walk.innerA]),
                                W(truncatingIfNeeded: right[j + k * walk.innerB])
                            )
                            target[run * walk.innerCount + k] = T(truncatingIfNeeded: value)
                        }
                    }
                }
            }
        }
    }
}

/// How two tensors that broadcast are walked: runs of elements along the innermost axes, each with constant strides.
package struct BroadcastWalk: Sendable {
    /// The common shape.
    package let shape: [Int]
    /// Elements of one run, and the inputs' strides along it (0 repeats an element).
    package let innerCount: Int
    package let innerA: Int
    package let innerB: Int
    /// The number of runs.
    package let runs: Int
    private let outer: [Int]
    private let stridesA: [Int]
    private let stridesB: [Int]

    package init(_ a: [Int], _ b: [Int]) throws(CNNOptError) {
        shape = try Broadcasting.shape([a, b])
        guard let total = checkedProduct(shape) else {
            throw CNNOptError(.invalidModel, "the broadcast shape \(shape) overflows")
        }
        let (sa, sb) = (Broadcasting.strides(a, to: shape), Broadcasting.strides(b, to: shape))
        // Take in axes from the innermost while both inputs keep walking evenly.
        var count = 1
        var (stepA, stepB) = (0, 0)
        var axis = shape.count
        while axis > 0, total > 0 {
            let next = axis - 1
            let size = shape[next]
            if size != 1 {
                if count == 1 {
                    (stepA, stepB) = (sa[next], sb[next])
                } else if sa[next] != stepA &* count || sb[next] != stepB &* count {
                    break
                }
                count *= size
            }
            axis = next
        }
        innerCount = count
        (innerA, innerB) = (stepA, stepB)
        outer = Array(shape[..<axis])
        stridesA = Array(sa[..<axis])
        stridesB = Array(sb[..<axis])
        runs = total / count
    }

    /// The offsets of a run's first elements.
    package func offsets(of run: Int) -> (a: Int, b: Int) {
        var rest = run
        var (a, b) = (0, 0)
        for axis in outer.indices.reversed() {
            let index = rest % outer[axis]
            rest /= outer[axis]
            a += index * stridesA[axis]
            b += index * stridesB[axis]
        }
        return (a, b)
    }
}
