/// What a binary elementwise operator does to two elements, as loops over one run of elements: strides 0 repeat an element.
@usableFromInline
package struct BinaryFunction: Sendable {
    @usableFromInline package typealias Loop<T> =
        @Sendable (
            _ a: UnsafePointer<T>, _ aStride: Int, _ b: UnsafePointer<T>, _ bStride: Int,
            _ out: UnsafeMutablePointer<T>, _ count: Int
        ) -> Void
    @usableFromInline package typealias Integer<T> = @Sendable (T, T) throws(CNNOptError) -> T

    /// On floats and doubles; nil where the operator takes none. Half precision is computed in floats.
    @usableFromInline let float: Loop<Float>?
    @usableFromInline let double: Loop<Double>?
    /// On integers, widened to 64 bits and cut back; nil where the operator takes none.
    @usableFromInline let integer: Integer<Int64>?
    /// On unsigned integers, where their bits read as signed numbers would give something else.
    @usableFromInline let unsigned: Integer<UInt64>?

    @inlinable @inline(__always)
    package init(
        float: @escaping @Sendable (Float, Float) -> Float,
        double: @escaping @Sendable (Double, Double) -> Double,
        integer: Integer<Int64>? = nil,
        unsigned: Integer<UInt64>? = nil
    ) {
        self.float = { a, aStride, b, bStride, out, count in
            switch (aStride, bStride) {
            case (1, 1): for i in 0..<count { out[i] = float(a[i], b[i]) }
            case (1, 0):
                let right = b[0]
                for i in 0..<count { out[i] = float(a[i], right) }
            case (0, 1):
                let left = a[0]
                for i in 0..<count { out[i] = float(left, b[i]) }
            default: for i in 0..<count { out[i] = float(a[i &* aStride], b[i &* bStride]) }
            }
        }
        self.double = { a, aStride, b, bStride, out, count in
            for i in 0..<count { out[i] = double(a[i &* aStride], b[i &* bStride]) }
        }
        self.integer = integer
        self.unsigned = unsigned
    }

    /// A function of integers alone.
    package init(integer: Integer<Int64>? = nil, unsigned: Integer<UInt64>? = nil) {
        float = nil
        double = nil
        self.integer = integer
        self.unsigned = unsigned
    }
}
