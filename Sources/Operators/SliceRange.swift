import GraphIR
import Tensors

/// What ONNX's Slice takes from one axis.
struct SliceRange: Sendable, Hashable {
    /// As written: negative numbers count from the end, and everything is clamped.
    let start: Int
    let end: Int
    let step: Int

    /// The first index, the step and the number of indices on an axis of `size`.
    /// - Throws: `invalidModel` where the step is 0.
    func resolved(size: Int) throws(CNNOptError) -> (first: Int, step: Int, count: Int) {
        guard step != 0 else { throw CNNOptError(.invalidModel, "a slice's step is 0") }
        let from = start < 0 ? start + size : start
        let to = end < 0 ? end + size : end
        if step > 0 {
            let (first, stop) = (min(max(from, 0), size), min(max(to, 0), size))
            return (first, step, stop > first ? 1 + (stop - first - 1) / step : 0)
        }
        guard size > 0 else { return (0, step, 0) }
        let (first, stop) = (min(max(from, 0), size - 1), min(max(to, -1), size - 1))
        return (first, step, first > stop ? 1 + Int(UInt(first - stop - 1) / step.magnitude) : 0)
    }

    /// This range of an axis of `size`, then another range of what it takes, as one; nil where nothing is left.
    func followed(by next: SliceRange, size: Int) throws(CNNOptError) -> SliceRange? {
        let mine = try resolved(size: size)
        let then = try next.resolved(size: mine.count)
        guard then.count > 0 else { return nil }
        // A step beyond the axis takes one element, however long it is.
        let step = then.count > 1 ? mine.step * then.step : 1
        let first = mine.first + then.first * (mine.count > 1 ? mine.step : 0)
        let last = first + (then.count - 1) * step
        // Below the front there is no number but those that count from the end.
        return SliceRange(start: first, end: step > 0 ? last + 1 : last > 0 ? last - 1 : -size - 1, step: step)
    }

    /// The size of what is taken.
    func resolved(_ dimension: Dimension) throws(CNNOptError) -> Dimension {
        if let size = dimension.size { return .known(try resolved(size: size).count) }
        // The usual ways to write "up to the end".
        return start == 0 && step == 1 && end >= Int(Int32.max) ? dimension : .unknown
    }
}
