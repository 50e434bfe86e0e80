import Tensors

/// Greedy choice of boxes by score, without those that overlap a better one too much.
struct BoxSuppression: Sendable {
    /// A box by its corners, lower ends first.
    private struct Box {
        let x: (low: Float, high: Float)
        let y: (low: Float, high: Float)
        let area: Float

        /// - Parameter values: two opposite corners y, x, y, x, or centre x, y and width, height.
        init(_ values: UnsafeBufferPointer<Float>, at first: Int, isCentred: Bool) {
            let (a, b, c, d) = (values[first], values[first + 1], values[first + 2], values[first + 3])
            if isCentred {
                x = (a - c / 2, a + c / 2)
                y = (b - d / 2, b + d / 2)
            } else {
                y = (min(a, c), max(a, c))
                x = (min(b, d), max(b, d))
            }
            area = (x.high - x.low) * (y.high - y.low)
        }

        /// Whether intersection / union is above the limit.
        func overlaps(_ other: Box, above limit: Float) -> Bool {
            let width = min(x.high, other.x.high) - max(x.low, other.x.low)
            let height = min(y.high, other.y.high) - max(y.low, other.y.low)
            guard width > 0, height > 0, area > 0, other.area > 0 else { return false }
            let common = width * height
            return common / (area + other.area - common) > limit
        }
    }

    let isCentred: Bool
    /// Boxes chosen at most, for each image and class.
    let largestCount: Int
    let overlapLimit: Float
    /// Scores that are not above it are left out; nil keeps all.
    let scoreLimit: Float?

    /// Rows of image, class and box, by image, class and falling score.
    /// - Parameters:
    ///   - boxes: images × boxes × 4.
    ///   - scores: images × classes × boxes.
    func run(_ boxes: TensorData, _ scores: TensorData) throws(CNNOptError) -> TensorData {
        guard boxes.shape.count == 3, scores.shape.count == 3, boxes.shape[2] == 4, boxes.shape[0] == scores.shape[0],
            boxes.shape[1] == scores.shape[2]
        else {
            throw CNNOptError(.invalidModel, "boxes of shape \(boxes.shape) and scores of shape \(scores.shape)")
        }
        let (images, classes, count) = (scores.shape[0], scores.shape[1], scores.shape[2])
        let rows = try boxes.withElements(Float.self) { (corners) throws(CNNOptError) in
            try scores.withElements(Float.self) { (scores) throws(CNNOptError) in
                var rows: [Int64] = []
                guard count > 0 else { return rows }
                for image in 0..<images {
                    let all = (0..<count).map { Box(corners, at: (image * count + $0) * 4, isCentred: isCentred) }
                    for kind in 0..<classes {
                        let first = (image * classes + kind) * count
                        for box in chosen(all, UnsafeBufferPointer(rebasing: scores[first..<first + count])) {
                            rows += [Int64(image), Int64(kind), Int64(box)]
                        }
                    }
                }
                return rows
            }
        }
        return try TensorData(rows, shape: [rows.count / 3, 3])
    }

    private func chosen(_ boxes: [Box], _ scores: UnsafeBufferPointer<Float>) -> [Int] {
        var candidates = boxes.indices.filter { box in scoreLimit.map { scores[box] > $0 } ?? true }
        // NaN comes last; of equal scores the first box comes first.
        candidates.sort { a, b in
            let (x, y) = (scores[a].isNaN ? -Float.infinity : scores[a], scores[b].isNaN ? -Float.infinity : scores[b])
            return x == y ? a < b : x > y
        }
        var chosen: [Int] = []
        for box in candidates {
            guard chosen.count < largestCount else { break }
            if chosen.allSatisfy({ !boxes[box].overlaps(boxes[$0], above: overlapLimit) }) { chosen.append(box) }
        }
        return chosen
    }
}
