/// How a tensor lies in memory: its axes from the slowest to the fastest, without gaps.
struct AxisOrder: Hashable, Sendable {
    var axes: [Int]

    /// As ONNX has it.
    static func rowMajor(_ rank: Int) -> AxisOrder { AxisOrder(axes: Array(0..<rank)) }

    /// N, spatial axes, C.
    static func channelsLast(_ rank: Int) -> AxisOrder {
        rank < 3 ? rowMajor(rank) : AxisOrder(axes: [0] + Array(2..<rank) + [1])
    }

    /// Elements between neighbours along each axis.
    func strides(_ shape: [Int]) -> [Int] {
        var result = [Int](repeating: 0, count: shape.count)
        var stride = 1
        for axis in axes.reversed() {
            result[axis] = stride
            // Empty tensors may have sizes that overflow; nothing is done with their strides.
            stride &*= shape[axis]
        }
        return result
    }

    /// Whether both orders put elements of the shape at the same places: axes of size 1 may stand anywhere.
    func isSame(as other: AxisOrder, _ shape: [Int]) -> Bool {
        axes.filter { shape[$0] != 1 } == other.axes.filter { shape[$0] != 1 }
    }

    /// The order of a tensor whose axis k is this one's axis permutation[k].
    func transposed(_ permutation: [Int]) -> AxisOrder {
        var place = [Int](repeating: 0, count: permutation.count)
        for (new, old) in permutation.enumerated() { place[old] = new }
        return AxisOrder(axes: axes.map { place[$0] })
    }

    /// "NHWC" and the like for up to five axes, else the axes' numbers.
    func text() -> String {
        let letters: [Int: String] = [1: "C", 2: "NC", 3: "NCW", 4: "NCHW", 5: "NCDHW"]
        guard let letters = letters[axes.count].map(Array.init) else {
            return axes.map(String.init).joined(separator: ",")
        }
        return String(axes.map { letters[$0] })
    }
}
