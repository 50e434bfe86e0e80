import Tensors

/// What gradients of a layer's output add up to, channel by channel.
struct GradientSums: Sendable {
    /// Σ over samples and positions of the squares.
    private(set) var squares: [Double]
    /// The part of ``squares`` that samples of odd numbers have.
    private(set) var oddSquares: [Double]
    /// Σ over samples of the squared sum over the positions.
    private(set) var between: [Double]
    /// Positions of a channel in one sample.
    let positions: Int

    /// Σ over samples and positions of the squared distance from the sample's mean.
    var within: [Double] { zip(squares, between).map { max(0, $0 - $1 / Double(max(positions, 1))) } }

    /// - Parameters:
    ///   - gradient: samples first; rows of zeros count for nothing.
    ///   - axis: of the channels.
    ///   - first: the number of the first sample.
    init(_ gradient: TensorData, axis: Int, first: Int = 0) throws(CNNOptError) {
        guard gradient.shape.indices.contains(axis) else {
            throw CNNOptError(.internalFault, "axis \(axis) of a gradient of shape \(gradient.shape)")
        }
        let shape = gradient.shape
        let outer = axis > 1 ? shape[1..<axis].reduce(1, *) : 1
        let inner = shape[(axis + 1)...].reduce(1, *)
        positions = outer * inner
        squares = [Double](repeating: 0, count: shape[axis])
        (between, oddSquares) = (squares, squares)
        let samples = axis > 0 ? shape[0] : 1
        if gradient.elementType == .float64 {
            try add(Double.self, gradient, first, samples, outer, inner)
        } else {
            try add(Float.self, gradient, first, samples, outer, inner)
        }
    }

    mutating func add(_ other: GradientSums) {
        for channel in squares.indices where other.squares.indices.contains(channel) {
            squares[channel] += other.squares[channel]
            oddSquares[channel] += other.oddSquares[channel]
            between[channel] += other.between[channel]
        }
    }

    private mutating func add<T: TensorScalar & BinaryFloatingPoint>(
        _ type: T.Type,
        _ gradient: TensorData,
        _ first: Int,
        _ samples: Int,
        _ outer: Int,
        _ inner: Int
    ) throws(CNNOptError) {
        let channels = squares.count
        var (squares, oddSquares, between) = (squares, oddSquares, between)
        try gradient.withElements(type) { (elements) throws(CNNOptError) in
            guard let base = elements.baseAddress else { return }
            for sample in 0..<samples {
                for channel in 0..<channels {
                    var (sum, square) = (0.0, 0.0)
                    for block in 0..<outer {
                        let from = base + ((sample * outer + block) * channels + channel) * inner
                        for index in 0..<inner {
                            let value = Double(from[index])
                            sum += value
                            square += value * value
                        }
                    }
                    squares[channel] += square
                    if (first + sample) % 2 == 1 { oddSquares[channel] += square }
                    between[channel] += sum * sum
                }
            }
        }
        (self.squares, self.oddSquares, self.between) = (squares, oddSquares, between)
    }
}
