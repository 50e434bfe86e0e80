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

    private func channelSquares<T: TensorScalar & BinaryFloatingPoint>(_ type: T.Type, _ axis: Int)
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
                // Four sums that do not wait for each other.
                var (a, b, c, d): (T, T, T, T) = (0, 0, 0, 0)
                var place = 0
                while place + 4 <= span.inner {
                    a += source[place] * source[place]
                    b += source[place + 1] * source[place + 1]
                    c += source[place + 2] * source[place + 2]
                    d += source[place + 3] * source[place + 3]
                    place += 4
                }
                var sum = Double(a + b) + Double(c + d)
                for rest in place..<span.inner { sum += Double(source[rest] * source[rest]) }
                sums[run % span.count] += sum
            }
        }
        return sums
    }
}
