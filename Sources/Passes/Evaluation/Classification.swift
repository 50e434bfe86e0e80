import Tensors

/// The classes that a batch of outputs names.
package enum Classification {
    /// For each row, the indices of the `k` largest elements, largest first; the lower index wins a tie, NaN loses to all.
    /// - Parameter rows: samples in the batch; the elements are split evenly among them.
    package static func top(_ k: Int, of output: TensorData, rows: Int) throws(CNNOptError) -> [[Int]] {
        let values = try output.doubles()
        guard rows > 0, values.count % rows == 0, values.count >= rows else {
            throw CNNOptError(
                .unsupported,
                "an output of shape \(output.shape) holds no class scores for \(rows) samples",
                remedy: "validate without --labels compares outputs only"
            )
        }
        let width = values.count / rows
        return (0..<rows).map { row in
            var best: [Int] = []
            for index in 0..<width {
                let value = values[row * width + index]
                if best.count == k, let last = best.last, !(value > key(values[row * width + last])) { continue }
                let place = best.firstIndex { key(value) > key(values[row * width + $0]) } ?? best.count
                best.insert(index, at: place)
                if best.count > k { best.removeLast() }
            }
            return best
        }
    }

    private static func key(_ value: Double) -> Double { value.isNaN ? -.infinity : value }
}
