/// What a unary elementwise operator does, as loops over each element type that it takes.
@usableFromInline
package struct UnaryFunction: Sendable {
    @usableFromInline package typealias Loop<T> =
        @Sendable (UnsafeBufferPointer<T>, UnsafeMutablePointer<T>, Range<Int>) -> Void

    /// On floats and doubles; nil where the operator takes none.
    @usableFromInline let float: Loop<Float>?
    @usableFromInline let double: Loop<Double>?
    /// On integers, widened to 64 bits and cut back; nil where the operator takes none.
    @usableFromInline let integer: (@Sendable (Int64) -> Int64)?
    /// On unsigned integers, where their bits read as signed numbers would give something else.
    @usableFromInline let unsigned: (@Sendable (UInt64) -> UInt64)?

    /// - Parameters:
    ///   - float: on floats; half precision is computed in it too.
    ///   - double: on doubles.
    ///   - integer: on integers of every width.
    ///   - unsigned: on unsigned integers, where it differs.
    @inlinable @inline(__always)
    package init(
        float: @escaping @Sendable (Float) -> Float,
        double: @escaping @Sendable (Double) -> Double,
        integer: (@Sendable (Int64) -> Int64)? = nil,
        unsigned: (@Sendable (UInt64) -> UInt64)? = nil
    ) {
        self.float = { source, target, range in for i in range { target[i] = float(source[i]) } }
        self.double = { source, target, range in for i in range { target[i] = double(source[i]) } }
        self.integer = integer
        self.unsigned = unsigned
    }

    /// A function with parameters, as loops: a closure that captures numbers would be called for every element.
    package init(
        floatLoop: @escaping Loop<Float>,
        doubleLoop: @escaping Loop<Double>
    ) {
        float = floatLoop
        double = doubleLoop
        integer = nil
        unsigned = nil
    }

    /// A function of integers alone.
    package init(integer: @escaping @Sendable (Int64) -> Int64) {
        float = nil
        double = nil
        self.integer = integer
        unsigned = nil
    }
}

extension UnaryFunction {
    /// The function of every element.
    /// - Throws: `unsupported` for a type that the operator does not take.
    package func apply(to input: TensorData, threads: Int) throws(CNNOptError) -> TensorData {
        switch input.elementType {
        case .float32: return try run(float, input, threads)
        case .float64: return try run(double, input, threads)
        case .float16:
            return try convert(input, Float16.self) {
                Float($0)
            } back: {
                Float16($0)
            }
        case .bfloat16:
            return try convert(input, BFloat16.self) {
                $0.float
            } back: {
                BFloat16($0)
            }
        case .int8: return try whole(input, Int8.self)
        case .int16: return try whole(input, Int16.self)
        case .int32: return try whole(input, Int32.self)
        case .int64: return try whole(input, Int64.self)
        case .uint8: return try whole(input, UInt8.self)
        case .uint16: return try whole(input, UInt16.self)
        case .uint32: return try whole(input, UInt32.self)
        case .uint64: return try whole(input, UInt64.self)
        default: throw CNNOptError(.unsupported, "element type \(input.elementType.onnxName)")
        }
    }

    private func run<T: TensorScalar>(_ loop: Loop<T>?, _ input: TensorData, _ threads: Int) throws(CNNOptError)
        -> TensorData
    {
        guard let loop else { throw CNNOptError(.unsupported, "element type \(input.elementType.onnxName)") }
        return try input.withElements(T.self) { (source) throws(CNNOptError) in
            try TensorData.make(T.self, shape: input.shape) { (target) throws(CNNOptError) in
                guard let out = target.baseAddress, let base = source.baseAddress else { return }
                let (from, to) = (SharedReadPointer(base), SharedPointer(out))
                let count = source.count
                parallelFor(count, threads: count < 1 << 15 ? 1 : threads) { range in
                    loop(UnsafeBufferPointer(start: from.base, count: count), to.base, range)
                }
            }
        }
    }

    private func convert<T: TensorScalar>(
        _ input: TensorData,
        _ type: T.Type,
        _ widen: (T) -> Float,
        back: (Float) -> T
    ) throws(CNNOptError) -> TensorData {
        let wide = try run(float, TensorData(input.array(of: T.self).map(widen), shape: input.shape), 1)
        return try TensorData(wide.array(of: Float.self).map(back), shape: input.shape)
    }

    private func whole<T: TensorScalar & FixedWidthInteger>(_ input: TensorData, _ type: T.Type) throws(CNNOptError)
        -> TensorData
    {
        if !T.isSigned, let unsigned {
            return try TensorData(
                input.array(of: T.self).map { T(truncatingIfNeeded: unsigned(UInt64(truncatingIfNeeded: $0))) },
                shape: input.shape
            )
        }
        guard let integer else { throw CNNOptError(.unsupported, "element type \(input.elementType.onnxName)") }
        return try TensorData(
            input.array(of: T.self).map { T(truncatingIfNeeded: integer(Int64(truncatingIfNeeded: $0))) },
            shape: input.shape
        )
    }
}
