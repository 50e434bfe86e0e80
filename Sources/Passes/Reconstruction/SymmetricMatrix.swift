import Tensors

/// A positive definite matrix, factored as L·Lᵀ (Cholesky), row-major, in blocks of columns.
///
/// Every element is computed by one fixed sequence of operations: results do not depend on the thread count.
struct CholeskyFactor: Sendable {
    let size: Int
    private var lower: [Double]

    private static let block = 32

    /// nil where the matrix is not positive definite.
    /// - Parameter matrix: `size`² elements, of which the lower triangle is read.
    init?(_ matrix: [Double], size: Int, threads: Int) {
        self.size = size
        lower = matrix
        let n = size
        let isDefinite = lower.withUnsafeMutableBufferPointer { buffer -> Bool in
            guard let base = buffer.baseAddress else { return n == 0 }
            let l = SharedPointer(base)
            var start = 0
            while start < n {
                let end = min(start + Self.block, n)
                let begin = start
                // All rows lose what the columns to the left explain.
                parallelFor(n - begin, threads: begin < 64 ? 1 : threads) { range in
                    for i in range.lowerBound + begin..<range.upperBound + begin {
                        for j in begin..<min(end, i + 1) {
                            l.base[i * n + j] -= dot(l.base + i * n, l.base + j * n, begin)
                        }
                    }
                }
                for j in begin..<end {
                    let pivot = l.base[j * n + j] - dot(l.base + j * n + begin, l.base + j * n + begin, j - begin)
                    guard pivot > 0, pivot.isFinite else { return false }
                    let root = pivot.squareRoot()
                    l.base[j * n + j] = root
                    for i in j + 1..<max(n, j + 1) {
                        let sum = l.base[i * n + j] - dot(l.base + i * n + begin, l.base + j * n + begin, j - begin)
                        l.base[i * n + j] = sum / root
                    }
                }
                start = end
            }
            return true
        }
        guard isDefinite else { return nil }
    }

    /// An element of L; meaningful where `column` ≤ `row`.
    func element(_ row: Int, _ column: Int) -> Double { lower[row * size + column] }

    /// Solves A·X = B for `columns` right-hand sides stored row by row (`size` × `columns`), in place.
    func solve(_ right: inout [Double], columns: Int, threads: Int) {
        let n = size
        lower.withUnsafeBufferPointer { factor in
            right.withUnsafeMutableBufferPointer { buffer in
                guard let source = factor.baseAddress, let target = buffer.baseAddress else { return }
                let (l, x) = (SharedReadPointer(source), SharedPointer(target))
                parallelFor(columns, threads: threads) { range in
                    for i in 0..<n {
                        let row = x.base + i * columns
                        for j in 0..<i {
                            subtract(l.base[i * n + j], x.base + j * columns, from: row, range)
                        }
                        let scale = 1 / l.base[i * n + i]
                        for k in range { row[k] *= scale }
                    }
                    for i in (0..<n).reversed() {
                        let row = x.base + i * columns
                        for j in i + 1..<max(n, i + 1) {
                            subtract(l.base[j * n + i], x.base + j * columns, from: row, range)
                        }
                        let scale = 1 / l.base[i * n + i]
                        for k in range { row[k] *= scale }
                    }
                }
            }
        }
    }

    /// The inverse of the matrix.
    func inverse(threads: Int) -> [Double] {
        var result = [Double](repeating: 0, count: size * size)
        for i in 0..<size { result[i * size + i] = 1 }
        solve(&result, columns: size, threads: threads)
        return result
    }
}

@inline(__always)
private func subtract(
    _ factor: Double,
    _ other: UnsafePointer<Double>,
    from row: UnsafeMutablePointer<Double>,
    _ range: Range<Int>
) {
    if factor == 0 { return }
    for k in range { row[k] -= factor * other[k] }
}

@inline(__always)
private func subtract(
    _ factor: Double,
    _ other: UnsafeMutablePointer<Double>,
    from row: UnsafeMutablePointer<Double>,
    _ range: Range<Int>
) {
    subtract(factor, UnsafePointer(other), from: row, range)
}

/// Σ a·b, in eight running sums.
@inline(__always)
func dot(_ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ count: Int) -> Double {
    var sums = SIMD8<Double>(repeating: 0)
    var i = 0
    while i + 8 <= count {
        let x = UnsafeRawPointer(a + i).loadUnaligned(as: SIMD8<Double>.self)
        let y = UnsafeRawPointer(b + i).loadUnaligned(as: SIMD8<Double>.self)
        sums += x * y
        i += 8
    }
    var total = sums.sum()
    while i < count {
        total += a[i] * b[i]
        i += 1
    }
    return total
}
