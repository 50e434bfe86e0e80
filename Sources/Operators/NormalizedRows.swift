import Tensors

/// Rows that are brought to mean 0 and variance 1, each by its own statistics, then scaled and shifted.
struct NormalizedRows: Sendable {
    /// Rows, and elements of each; a row's elements lie side by side.
    let count: Int
    let length: Int
    let epsilon: Double
    /// Factor and term of element `i` of row `r`: entry `r % parameterRows · parameterLength + i / parameterRun`.
    var parameterRows = 1
    var parameterLength = 1
    var parameterRun = Int.max

    /// Statistics are summed in double precision.
    /// - Parameters:
    ///   - scale: the factors; 1 where absent.
    ///   - bias: the terms; 0 where absent.
    /// - Returns: the result in the shape of `x`, and each row's mean and 1 / √(variance + epsilon).
    func run(_ x: TensorData, scale: [Double]?, bias: [Double]?, threads: Int) throws(CNNOptError)
        -> (result: TensorData, means: [Double], inverses: [Double])
    {
        switch x.elementType {
        case .float32: try run(Float.self, x, scale, bias, threads)
        case .float64: try run(Double.self, x, scale, bias, threads)
        default: throw CNNOptError(.unsupported, "element type \(x.elementType.onnxName)")
        }
    }

    private func run<T: TensorScalar & BinaryFloatingPoint>(
        _ type: T.Type,
        _ x: TensorData,
        _ scale: [Double]?,
        _ bias: [Double]?,
        _ threads: Int
    ) throws(CNNOptError) -> (result: TensorData, means: [Double], inverses: [Double]) {
        guard let parameters = checkedProduct([parameterRows, parameterLength]),
            scale?.count ?? parameters == parameters, bias?.count ?? parameters == parameters
        else {
            throw CNNOptError(.invalidModel, "scale or bias do not hold \(parameterRows) × \(parameterLength) numbers")
        }
        let factors = scale?.map { T($0) } ?? [T](repeating: 1, count: parameters)
        let terms = bias?.map { T($0) } ?? [T](repeating: 0, count: parameters)
        var statistics = [Double](repeating: 0, count: 2 * count)
        let result = try x.withElements(T.self) { (source) throws(CNNOptError) in
            try TensorData.make(T.self, shape: x.shape) { (target) throws(CNNOptError) in
                try statistics.withUnsafeMutableBufferPointer { (statistics) throws(CNNOptError) in
                    guard let x = source.baseAddress, let y = target.baseAddress, let s = statistics.baseAddress,
                        length > 0, parameters > 0
                    else { return }
                    let (from, to, noted) = (SharedReadPointer(x), SharedPointer(y), SharedPointer(s))
                    parallelFor(count, threads: source.count < 1 << 14 ? 1 : threads) { range in
                        for row in range {
                            let (source, target) = (from.base + row * length, to.base + row * length)
                            var sum = 0.0
                            for i in 0..<length { sum += Double(source[i]) }
                            let mean = sum / Double(length)
                            var squares = 0.0
                            for i in 0..<length {
                                let distance = Double(source[i]) - mean
                                squares += distance * distance
                            }
                            let inverse = 1 / (squares / Double(length) + epsilon).squareRoot()
                            (noted.base[2 * row], noted.base[2 * row + 1]) = (mean, inverse)
                            let first = row % parameterRows * parameterLength
                            var (entry, end) = (first, 0)
                            while end < length {
                                let begin = end
                                end = parameterRun < length - begin ? begin + parameterRun : length
                                let (factor, term) = (factors[entry], terms[entry])
                                for i in begin..<end {
                                    target[i] = T((Double(source[i]) - mean) * inverse) * factor + term
                                }
                                entry += 1
                            }
                        }
                    }
                }
            }
        }
        return (
            result, (0..<count).map { statistics[2 * $0] }, (0..<count).map { statistics[2 * $0 + 1] }
        )
    }
}
