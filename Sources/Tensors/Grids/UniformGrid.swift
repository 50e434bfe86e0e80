/// A grid on which all numbers of a float32 tensor lie: element = Float(Double(q · 2^shift) · step), with whole numbers q, a step for
/// each index along an axis or one for all, and a shift for each place of the other axes.
package struct UniformGrid: Sendable, Hashable {
    /// The axis whose indices have steps of their own, 0 or 1; nil for one step.
    package var axis: Int?
    /// One, or as many as the axis is long.
    package var steps: [Double]
    /// 0 to 7 for each place of a slice; empty where nothing is shifted. Without an axis, places are those of a row.
    package var shifts: [UInt8] = []
    /// Elements of one index of axis 0.
    package var rowLength: Int
    /// Whether the whole numbers of each row are a path of ``DependentTrellis``; not with steps along axis 1.
    package var isDependent = false

    package init(
        axis: Int? = nil,
        steps: [Double],
        shifts: [UInt8] = [],
        rowLength: Int,
        isDependent: Bool = false
    ) {
        (self.axis, self.steps, self.shifts, self.rowLength) = (axis, steps, shifts, rowLength)
        self.isDependent = isDependent
    }

    /// Elements that lie one behind the other and have one step; their places follow each other.
    package var runLength: Int { axis == 1 ? rowLength / max(steps.count, 1) : rowLength }

    /// The multiple nearest to a number.
    @inline(__always)
    package static func multiple(of step: Double, _ value: Float) -> Int64 {
        let quotient = Double(value) / step
        // A sum of this size has no room for a fraction: it is rounded without a call.
        guard abs(quotient) < 0x1p50 else { return 0 }
        return Int64((quotient + 0x1.8p52) - 0x1.8p52)
    }

    /// Where an element belongs.
    /// - Returns: the number of its step, its place in the slice, and how many elements follow in its run, itself counted.
    @inline(__always)
    package func location(_ element: Int) -> (slice: Int, place: Int, left: Int) {
        let row = element / rowLength
        let column = element &- row &* rowLength
        guard axis == 1 else { return (axis == nil ? 0 : row, column, rowLength &- column) }
        let run = runLength
        let slice = column / run
        let place = column &- slice &* run
        return (slice, row &* run &+ place, run &- place)
    }

    /// Whether lists and lengths fit so many elements.
    package func fits(_ count: Int) -> Bool {
        guard rowLength > 0, count % rowLength == 0, steps.allSatisfy({ $0.isFinite }),
            shifts.allSatisfy({ $0 <= 7 }), !isDependent || axis != 1
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
