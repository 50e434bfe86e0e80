import Tensors

/// Which elements of a tensor are joined into which element of a smaller one.
///
/// Neighbouring axes that are all kept or all reduced are merged, and axes of size 1 left out.
struct Reduction: Sendable {
    struct Axis: Sendable {
        var size: Int
        var stride: Int
    }

    /// The shape with reduced axes of size 1, or without them.
    let shape: [Int]
    /// Elements that are joined into one.
    let joined: Int
    /// The first source element of each output element: all kept axes but the innermost merged one.
    let kept: [Axis]
    let reduced: [Axis]
    /// The number of elements that lie next to each other along the innermost merged axis.
    let run: Int
    let reducesRun: Bool

    /// - Parameter axes: counted from the front, each at most once.
    init(_ source: [Int], axes: Set<Int>, keepsAxes: Bool) {
        shape = source.indices.compactMap { axes.contains($0) ? (keepsAxes ? 1 : nil) : source[$0] }
        // Products wrap only beside an axis of size 0, where they do not matter.
        joined = source.indices.reduce(1) { axes.contains($1) ? $0 &* source[$1] : $0 }
        let strides = rowMajorStrides(source)
        var merged: [(axis: Axis, isReduced: Bool)] = []
        for axis in source.indices where source[axis] != 1 {
            let isReduced = axes.contains(axis)
            if let last = merged.last, last.isReduced == isReduced {
                merged[merged.count - 1].axis = Axis(size: last.axis.size &* source[axis], stride: strides[axis])
            } else {
                merged.append((Axis(size: source[axis], stride: strides[axis]), isReduced))
            }
        }
        let inner = merged.popLast()
        run = inner?.axis.size ?? 1
        reducesRun = inner?.isReduced ?? false
        kept = merged.filter { !$0.isReduced }.map(\.axis)
        reduced = merged.filter(\.isReduced).map(\.axis)
    }

    static func offset(_ index: Int, _ axes: [Axis]) -> Int {
        var rest = index
        var result = 0
        for axis in axes.reversed() {
            result += rest % axis.size * axis.stride
            rest /= axis.size
        }
        return result
    }
}
