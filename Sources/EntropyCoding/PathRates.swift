/// What the next number costs on each of several paths that are not decided yet: paths differ in the numbers since the last
/// decided one, and what the model knows is what it learned up to that one.
package final class PathRates {
    /// The surroundings of a path's next number.
    package struct Path {
        var row: UInt32
        var last: UInt32
        var beforeLast: UInt32
    }

    private let estimate: RateEstimate
    private let layout: MagnitudeLayout
    /// For each pair of contexts the costs of the classes.
    private let costs: UnsafeMutablePointer<Double>
    private let known: UnsafeMutablePointer<Bool>
    private let rowRates = MagnitudeRates.table.base

    private static let pairs = 2 * MagnitudeModel.contexts * MagnitudeModel.contexts
    /// The highest class.
    package var top: Int { layout.top }
    private var stride: Int { layout.top + 1 }

    /// - Parameter estimate: learns what is decided.
    package init(_ estimate: RateEstimate) {
        self.estimate = estimate
        layout = estimate.surroundings.layout
        costs = .allocate(capacity: Self.pairs * (layout.top + 1))
        costs.initialize(repeating: 0, count: Self.pairs * (layout.top + 1))
        known = .allocate(capacity: Self.pairs)
        known.initialize(repeating: false, count: Self.pairs)
    }

    deinit {
        costs.deallocate()
        known.deallocate()
    }

    /// The path before the first number of a row.
    package var start: Path {
        let whole = estimate.surroundings.whole
        return Path(row: whole, last: whole >> 4, beforeLast: whole >> 4)
    }

    /// Has to be called after numbers were decided.
    package func forget() { known.update(repeating: false, count: Self.pairs) }

    /// The costs in bits of the classes 0 to `top` as a path's next number.
    /// - Parameters:
    ///   - across: the magnitude of the same place in the kernel before; nil in the first one.
    ///   - half: of dependent quantisation.
    @inline(__always)
    package func classCosts(_ path: Path, place: Int, across: UInt32?, half: Int) -> UnsafePointer<Double> {
        let s = estimate.surroundings
        let column = s.columns[place]
        let (scale, near) = MagnitudeModel.contexts(
            row: path.row,
            column: column == 0 ? s.whole : column,
            // The model takes it when a row begins, which it may not know yet.
            wholeLevel: place == 0 || s.place == 0 ? MagnitudeModel.level(s.whole) : s.wholeLevel,
            last: path.last,
            beforeLast: path.beforeLast,
            across: across ?? path.last
        )
        let scaleAt = scale &+ half &* MagnitudeModel.contexts
        let pair = scaleAt &* MagnitudeModel.contexts &+ near
        let result = costs + pair &* stride
        if !known[pair] {
            let model = estimate.model
            model.classCosts(
                model.scale + scaleAt &* MagnitudeModel.nodes,
                model.neighbours + near &* MagnitudeModel.nodes,
                layout,
                into: result
            )
            known[pair] = true
        }
        return UnsafePointer(result)
    }

    /// The path after a number.
    @inline(__always)
    package func after(_ path: Path, _ magnitude: UInt32, place: Int) -> Path {
        Path(
            row: MagnitudeModel.moved(path.row, magnitude << 4, rowRates[min(place, 15)]),
            last: magnitude,
            beforeLast: place == 0 ? magnitude : path.last
        )
    }

    /// The size of an integer relative to the highest class, as the model sees it.
    @inline(__always)
    package func magnitude(_ value: Int) -> UInt32 {
        let size = UInt64(value.magnitude)
        guard size > 0 else { return 0 }
        let width = 63 &- size.leadingZeroBitCount
        let below = layout.top &- min(width &+ 1, layout.top)
        return MagnitudeModel.magnitude(size & ~(1 << UInt64(width)), width: width, below: UInt32(below))
    }
}
