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
