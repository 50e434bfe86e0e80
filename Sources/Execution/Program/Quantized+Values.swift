import Operators
import Tensors

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension Grid {
    /// The integer of a real number: rounded to nearest, halves to even, saturated; no number gives the lowest.
    func quantized(_ real: Float) -> Int32 {
        let place = (real / scale).rounded(.toNearestOrEven) + Float(zero)
        guard place > Float(range.lowerBound) else { return range.lowerBound }
        return place < Float(range.upperBound) ? Int32(place) : range.upperBound
    }
}

extension Operation.Kind {
    /// Whether elements are passed on as they are, whatever they hold.
    var movesElements: Bool {
        switch self {
        case .transposition, .reshaping, .slice, .split, .concatenation, .zeroPadding, .nearestResize: true
        // The order of integers is that of the real numbers.
        case .pool(let pool): pool.rule == .maximum
        default: false
        }
    }

    /// Whether zeros are added that have to mean zero.
    var fillsZeros: Bool { if case .zeroPadding = self { true } else { false } }
}

extension ElementaryFunction {
    /// The function of one number; nil where tables are not made of it.
    var scalar: (@Sendable (Float) -> Float)? {
        switch self {
        case .clamp(let low, let high): { $0 < low ? low : $0 > high ? high : $0 }
        case .leakyRelu(let slope): { $0 < 0 ? slope * $0 : $0 }
        case .elu(let alpha): { $0 < 0 ? alpha * expm1f($0) : $0 }
        case .sigmoid: { 1 / (1 + expf(-$0)) }
        case .tanh: { tanhf($0) }
        case .exponential: { expf($0) }
        case .logarithm: { logf($0) }
        case .squareRoot: { $0.squareRoot() }
        case .absolute: { abs($0) }
        case .softplus: { $0 > 0 ? $0 + log1pf(expf(-$0)) : log1pf(expf($0)) }
        case .swish(let alpha): { $0 / (1 + expf(-alpha * $0)) }
        case .hardSwish: { $0 * min(max($0 / 6 + 0.5, 0), 1) }
        case .hardSigmoid(let alpha, let beta): { min(max(alpha * $0 + beta, 0), 1) }
        case .mish, .gelu: nil
        }
    }
}

extension TensorData {
    /// The real numbers that integers of these grids stand for.
    func dequantized(_ grids: ChannelGrids) throws(CNNOptError) -> TensorData {
        let integers = try cast(to: .int32).array(of: Int32.self)
        let inner = grids.axis.map { shape[($0 + 1)...].reduce(1, *) } ?? 1
        let count = grids.scales.count
        let reals = integers.indices.map { i -> Float in
            let channel = count == 1 ? 0 : i / max(inner, 1) % count
            return Float(integers[i] - grids.zeros[channel]) * grids.scales[channel]
        }
        return try TensorData(reals, shape: shape)
    }
}
