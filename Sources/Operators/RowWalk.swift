import Tensors

/// How any number of tensors that broadcast to one shape are walked together: row by row of the last axis.
struct RowWalk: Sendable {
    private let outer: [Int]
    private let strides: [[Int]]
    private let steps: [Int]
    private let count: Int
    private let rows: Int

    /// Every one of `shapes` must broadcast to `shape`, whose elements can be counted.
    init(_ shape: [Int], _ shapes: [[Int]]) {
        outer = Array(shape.dropLast())
        count = shape.last ?? 1
        rows = shape.contains(0) ? 0 : outer.reduce(1, *)
        let all = shapes.map { Broadcasting.strides($0, to: shape) }
        strides = all.map { Array($0.dropLast()) }
        steps = all.map { $0.last ?? 0 }
    }

    /// Hands over each row: the index of its first output element, the tensors' first elements and strides along the row,
    /// and the number of elements.
    func forEachRow(_ body: (_ start: Int, _ offsets: [Int], _ steps: [Int], _ count: Int) -> Void) {
        var index = [Int](repeating: 0, count: outer.count)
        var offsets = [Int](repeating: 0, count: strides.count)
        for row in 0..<rows {
            body(row * count, offsets, steps, count)
            var axis = outer.count - 1
            while axis >= 0 {
                index[axis] += 1
                for (tensor, stride) in strides.enumerated() { offsets[tensor] += stride[axis] }
                if index[axis] < outer[axis] { break }
                for (tensor, stride) in strides.enumerated() { offsets[tensor] -= stride[axis] * outer[axis] }
                index[axis] = 0
                axis -= 1
            }
        }
    }
}
