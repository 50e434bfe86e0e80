import Tensors

extension TensorData {
    /// The sum of the squares of each channel's elements.
    func channelSquares(axis: Int) throws(CNNOptError) -> [Double] {
        guard shape.indices.contains(axis) else {
            throw CNNOptError(.internalFault, "axis \(axis) of a gradient of shape \(shape)")
        }
        return elementType == .float64
            ? try channelSquares(Double.self, axis) : try channelSquares(Float.self, axis)
    }

    private func channelSquares<T: TensorScalar & BinaryFloatingPoint & SIMDScalar>(_ type: T.Type, _ axis: Int)
        throws(CNNOptError) -> [Double]
    {
        let span = (count: shape[axis], inner: shape[(axis + 1)...].reduce(1, *))
        var sums = [Double](repeating: 0, count: span.count)
        try withElements(type) { (elements) throws(CNNOptError) in
            guard span.count > 0, span.inner > 0, let base = elements.baseAddress else { return }
            if span.inner == 1 {
                for row in 0..<elements.count / span.count {
                    let source = base + row * span.count
                    for channel in 0..<span.count { sums[channel] += Double(source[channel] * source[channel]) }
                }
                return
            }
            for run in 0..<elements.count / span.inner {
                let source = base + run * span.inner
                var lanes = SIMD8<T>()
                var place = 0
                while place + 8 <= span.inner {
                    let values = UnsafeRawPointer(source + place).loadUnaligned(as: SIMD8<T>.self)
                    lanes += values * values
                    place += 8
                }
                var sum = Double(lanes.sum())
                for rest in place..<span.inner { sum += Double(source[rest] * source[rest]) }
                sums[run % span.count] += sum
            }
        }
        return sums
    }
}
