import Tensors

/// Sums of products over rows (x, y): what least squares needs to know of them, gathered in blocks.
struct RowMoments: Sendable {
    /// Elements of x and y.
    let inputs: Int
    let outputs: Int
    private(set) var count = 0
    private var sumX: [Double]
    private var sumY: [Double]
    /// Σ x·xᵀ (lower triangle), Σ x·yᵀ, and Σ y² of each output.
    private var productXX: [Double]
    private var productXY: [Double]
    private var squareY: [Double]

    /// Rows that are taken in at once.
    static let block = 256

    init(inputs: Int, outputs: Int) {
        self.inputs = inputs
        self.outputs = outputs
        sumX = [Double](repeating: 0, count: inputs)
        sumY = [Double](repeating: 0, count: outputs)
        productXX = [Double](repeating: 0, count: inputs * inputs)
        productXY = [Double](repeating: 0, count: inputs * outputs)
        squareY = [Double](repeating: 0, count: outputs)
    }

    /// Takes in a block: columns of ``block`` rows each, zero beyond `rows`.
    mutating func add(x: [Float], y: [Float], rows: Int, threads: Int) {
        count += rows
        let (d, m, stride) = (inputs, outputs, Self.block)
        // Whole vectors; what lies beyond the rows is zero.
        let used = min(stride, (rows + 7) / 8 * 8)
        for i in 0..<d { sumX[i] += x[i * stride..<i * stride + rows].reduce(0) { $0 + Double($1) } }
        for i in 0..<m {
            var (sum, square) = (0.0, 0.0)
            for r in i * stride..<i * stride + rows {
                sum += Double(y[r])
                square += Double(y[r]) * Double(y[r])
            }
            sumY[i] += sum
            squareY[i] += square
        }
        x.withUnsafeBufferPointer { xs in
            y.withUnsafeBufferPointer { ys in
                productXX.withUnsafeMutableBufferPointer { xx in
                    productXY.withUnsafeMutableBufferPointer { xy in
                        guard let x = xs.baseAddress, let xx = xx.baseAddress else { return }
                        let (a, aa) = (SharedReadPointer(x), SharedPointer(xx))
                        let b = ys.baseAddress.map { SharedReadPointer($0) }
                        let ab = xy.baseAddress.map { SharedPointer($0) }
                        // Rows i and d−1−i together take the same time for every i.
                        parallelFor((d + 1) / 2, threads: d * d < 1 << 12 ? 1 : threads) { range in
                            for half in range {
                                for i in Set([half, d - 1 - half]) {
                                    products(a.base + i * stride, a.base, aa.base + i * d, i + 1, stride, used)
                                    if let b, let ab {
                                        products(a.base + i * stride, b.base, ab.base + i * m, m, stride, used)
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// Adds the sums of other rows.
    mutating func add(_ other: RowMoments) {
        count += other.count
        for i in sumX.indices { sumX[i] += other.sumX[i] }
        for i in sumY.indices { sumY[i] += other.sumY[i] }
        for i in productXX.indices { productXX[i] += other.productXX[i] }
        for i in productXY.indices { productXY[i] += other.productXY[i] }
        for i in squareY.indices { squareY[i] += other.squareY[i] }
    }

    // MARK: Moments

    private var scale: Double { 1 / Double(max(count, 1)) }
    /// Means, or zeros where the moments are taken about zero.
    func meansX(centred: Bool) -> [Double] { sumX.map { centred ? $0 * scale : 0 } }
    func meansY(centred: Bool) -> [Double] { sumY.map { centred ? $0 * scale : 0 } }

    /// The covariance of x, both triangles.
    func covarianceXX(centred: Bool) -> [Double] {
        let mean = meansX(centred: centred)
        var result = [Double](repeating: 0, count: inputs * inputs)
        for i in 0..<inputs {
            for j in 0...i {
                let value = productXX[i * inputs + j] * scale - mean[i] * mean[j]
                result[i * inputs + j] = value
                result[j * inputs + i] = value
            }
        }
        return result
    }

    /// The covariance of x (rows) and y (columns).
    func covarianceXY(centred: Bool) -> [Double] {
        let (meanX, meanY) = (meansX(centred: centred), meansY(centred: centred))
        var result = productXY
        for i in 0..<inputs {
            for j in 0..<outputs { result[i * outputs + j] = productXY[i * outputs + j] * scale - meanX[i] * meanY[j] }
        }
        return result
    }

    /// The variance of each y.
    func variancesY(centred: Bool) -> [Double] {
        let mean = meansY(centred: centred)
        return squareY.indices.map { max(0, squareY[$0] * scale - mean[$0] * mean[$0]) }
    }
}

/// target[j] += Σ a·b_j over the first `used` elements, a multiple of 8, for `count` rows b_j at a distance of `stride`.
@inline(__always)
private func products(
    _ a: UnsafePointer<Float>,
    _ b: UnsafePointer<Float>,
    _ target: UnsafeMutablePointer<Double>,
    _ count: Int,
    _ stride: Int,
    _ used: Int
) {
    func load(_ p: UnsafePointer<Float>) -> SIMD8<Float> { UnsafeRawPointer(p).loadUnaligned(as: SIMD8<Float>.self) }
    var j = 0
    while j + 4 <= count {
        var s0 = SIMD8<Float>(repeating: 0)
        var (s1, s2, s3) = (s0, s0, s0)
        let row = b + j * stride
        var r = 0
        while r < used {
            let x = load(a + r)
            s0 += x * load(row + r)
            s1 += x * load(row + stride + r)
            s2 += x * load(row + 2 * stride + r)
            s3 += x * load(row + 3 * stride + r)
            r += 8
        }
        target[j] += Double(s0.sum())
        target[j + 1] += Double(s1.sum())
        target[j + 2] += Double(s2.sum())
        target[j + 3] += Double(s3.sum())
        j += 4
    }
    while j < count {
        var s = SIMD8<Float>(repeating: 0)
        var r = 0
        while r < used {
            s += load(a + r) * load(b + j * stride + r)
            r += 8
        }
        target[j] += Double(s.sum())
        j += 1
    }
}
