import GraphIR
import Tensors

/// What a binary elementwise operator does to two elements, as loops over one run of elements: strides 0 repeat an element.
package struct BinaryFunction: Sendable {
    package typealias Loop<T> =
        @Sendable (
            _ a: UnsafePointer<T>, _ aStride: Int, _ b: UnsafePointer<T>, _ bStride: Int,
            _ out: UnsafeMutablePointer<T>, _ count: Int
        ) -> Void
    package typealias Integer<T> = @Sendable (T, T) throws(CNNOptError) -> T

    /// On floats and doubles; nil where the operator takes none. Half precision is computed in floats.
    let float: Loop<Float>?
    let double: Loop<Double>?
    /// On integers, widened to 64 bits and cut back; nil where the operator takes none.
    let integer: Integer<Int64>?
    /// On unsigned integers, where their bits read as signed numbers would give something else.
    let unsigned: Integer<UInt64>?

    @inline(__always)
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

/// An operator of two inputs that broadcast, with one output of the same element type.
package protocol BinaryOperator: BroadcastOperator {
    /// The function at a site, attributes taken in.
    static func function(_ site: OperatorSite) throws(CNNOptError) -> BinaryFunction
    /// The operator as x · scale + shift where the input at `port` is the number `constant`; nil where it is something else.
    static func affine(_ constant: Double, at port: Int) -> (scale: Double, shift: Double)?
}

extension BinaryOperator {
    package static func affine(_ constant: Double, at port: Int) -> (scale: Double, shift: Double)? { nil }

    package static func channelAffine(_ site: OperatorSite) throws(CNNOptError) -> ChannelAffine? {
        try .broadcast(site, affine)
    }

    package static func forwardedInput(_ site: OperatorSite) throws(CNNOptError) -> Int? {
        try site.portLeftAsIs(affine)
    }

    package static func pairKernel(_ site: OperatorSite) throws(CNNOptError)
        -> @Sendable (TensorData, TensorData, Int) throws(CNNOptError) -> TensorData
    {
        let function = try function(site)
        return { (a, b, threads) throws(CNNOptError) in try function.apply(a, b, threads: threads) }
    }
}
