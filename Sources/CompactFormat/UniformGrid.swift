/// A grid on which all numbers of a float32 tensor lie: element = Float(Double(q · 2^shift) · step), with whole numbers q, a step for
/// each index along an axis or one for all, and a shift for each place of the other axes.
struct UniformGrid: Sendable, Equatable {
    /// The axis whose indices have steps of their own, 0 or 1; nil for one step.
    var axis: Int?
    /// One, or as many as the axis is long.
    var steps: [Double]
    /// 0 to 7 for each place of a slice; empty where nothing is shifted. Without an axis, places are those of a row.
    var shifts: [UInt8] = []
    /// Elements of one index of axis 0.
    var rowLength: Int

    /// Elements that lie one behind the other and have one step; their places follow each other.
    var runLength: Int { axis == 1 ? rowLength / max(steps.count, 1) : rowLength }

    /// Where an element belongs.
    /// - Returns: the number of its step, its place in the slice, and how many elements follow in its run, itself counted.
    @inline(__always)
    func location(_ element: Int) -> (slice: Int, place: Int, left: Int) {
        let row = element / rowLength
        let column = element &- row &* rowLength
        guard axis == 1 else { return (axis == nil ? 0 : row, column, rowLength &- column) }
        let run = runLength
        let slice = column / run
        let place = column &- slice &* run
        return (slice, row &* run &+ place, run &- place)
    }

    /// Whether lists and lengths fit so many elements.
    func fits(_ count: Int) -> Bool {
        guard rowLength > 0, count % rowLength == 0, steps.allSatisfy({ $0.isFinite }),
            shifts.allSatisfy({ $0 <= 7 })
        else { return false }
        let rows = count / rowLength
        switch axis {
        case nil: return steps.count == 1 && (shifts.isEmpty || shifts.count == rowLength)
        case 0: return steps.count == rows && (shifts.isEmpty || shifts.count == rowLength)
        default:
            return !steps.isEmpty && rowLength % steps.count == 0
                && (shifts.isEmpty || shifts.count == rows * (rowLength / steps.count))
        }
    }
}
