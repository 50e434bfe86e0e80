import Tensors

@testable import Passes

/// Matrices whose singular values are known because they are made from them: P·diag(σ)·Q, with reflections P and Q.
enum ReflectedMatrix {
    /// Row by row.
    static func make(_ values: [Double], rows: Int, columns: Int, seed: UInt64 = 1) -> [Double] {
        var generator = SeededGenerator(seed: seed)
        let (p, q) = (reflection(rows, &generator), reflection(columns, &generator))
        var result = [Double](repeating: 0, count: rows * columns)
        for i in 0..<rows {
            for j in 0..<columns {
                for k in values.indices { result[i * columns + j] += p[i * rows + k] * values[k] * q[k * columns + j] }
            }
        }
        return result
    }

    /// I − 2·v·vᵀ for a unit vector v.
    private static func reflection(_ size: Int, _ generator: inout SeededGenerator) -> [Double] {
        let v = (0..<size).map { _ in generator.normal() }
        let length = v.reduce(0) { $0 + $1 * $1 }
        var result = [Double](repeating: 0, count: size * size)
        for i in 0..<size {
            for j in 0..<size { result[i * size + j] = (i == j ? 1 : 0) - 2 * v[i] * v[j] / length }
        }
        return result
    }
}
