import Tensors

/// The classes that a batch of outputs names.
package enum Classification {
    /// Whether an output holds one vector of scores for each of `rows` samples, such as [N, 1000] or [N, 1, 1, 1000]. A map
    /// or a list of boxes for each sample is none, whatever the batch.
    package static func holdsScores(_ output: TensorData, rows: Int) -> Bool {
        guard output.elementType.isFloat || output.elementType.isInteger, rows > 0, output.count > rows else {
            return false
        }
        let perSample =
            output.shape.first == rows ? output.shape.dropFirst() : rows == 1 ? output.shape[...] : []
        return perSample.filter { $0 != 1 }.count == 1
    }

    /// For each row, the indices of the `k` largest elements, largest first; the lower index wins a tie, NaN is no score.
    /// - Parameter rows: samples in the batch; the elements are split evenly among them.
    package static func top(_ k: Int, of output: TensorData, rows: Int) throws(CNNOptError) -> [[Int]] {
        guard rows > 0, output.count % rows == 0, output.count >= rows else {
            throw CNNOptError(
                .unsupported,
                "an output of shape \(output.shape) holds no class scores for \(rows) samples",
                remedy: "validate without --labels compares outputs only"
            )
        }
        if output.elementType == .float32 {
            return try output.withElements(Float.self) { (scores) throws(CNNOptError) in top(k, scores, rows) }
        }
        return try output.doubles().withUnsafeBufferPointer { top(k, $0, rows) }
    }

    private static func top<T: FloatingPoint>(_ k: Int, _ scores: UnsafeBufferPointer<T>, _ rows: Int) -> [[Int]] {
        let width = scores.count / rows
        return (0..<rows).map { row in
            let scores = UnsafeBufferPointer(rebasing: scores[row * width..<(row + 1) * width])
            var best: [Int] = []
            // What a score has to exceed once `best` is full.
            var bar: T?
            for index in 0..<width {
                let score = scores[index]
                if score.isNaN { continue }
                if let bar, score <= bar { continue }
                best.insert(index, at: best.firstIndex { score > scores[$0] } ?? best.count)
                if best.count > k { best.removeLast() }
                if best.count == k, let last = best.last { bar = scores[last] }
            }
            return best
        }
    }
}
