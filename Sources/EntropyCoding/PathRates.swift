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
    private let lowerBits: Int
    private let tokens = TokenAlphabet.tokens.base
    /// For each pair of contexts what integers cost.
    private let costs: UnsafeMutablePointer<Double>
    private let known: UnsafeMutablePointer<Bool>
    private let rowRates = RunningMean.rowRates.base

    private static let pairs = 2 * ScaleContext.count * ScaleContext.count

    /// - Parameter estimate: learns what is decided.
    package init(_ estimate: RateEstimate) {
        self.estimate = estimate
        lowerBits = estimate.surroundings.layout.lowerBits
        costs = .allocate(capacity: Self.pairs * TokenCosts.stride)
        costs.initialize(repeating: 0, count: Self.pairs * TokenCosts.stride)
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

    /// The pair of contexts of a path's next number, for ``cost(of:in:)``.
    /// - Parameters:
    ///   - across: the magnitude of the same place in the kernel before; nil in the first one.
    ///   - half: of dependent quantisation.
    @inline(__always)
    package func contexts(_ path: Path, place: Int, across: UInt32?, half: Int) -> Int {
        let s = estimate.surroundings
        let column = s.columns[place]
        let (scale, near) = ScaleContext.contexts(
            row: path.row,
            column: column == 0 ? s.whole : column,
            // The model takes it when a row begins, which it may not know yet.
            wholeLevel: place == 0 || s.place == 0 ? ScaleContext.level(s.whole) : s.wholeLevel,
            last: path.last,
            beforeLast: path.beforeLast,
            across: across ?? path.last
        )
        let ofHalf = half &* ScaleContext.count
        let pair = (scale &+ ofHalf) &* ScaleContext.count &+ near
        if !known[pair] {
            let model = estimate.model
            costs(pair).set(model.scale[scale &+ ofHalf], model.neighbours[near &+ ofHalf])
            known[pair] = true
        }
        return pair
    }

    /// The cost in bits of an integer in a pair of contexts.
    @inline(__always)
    package func cost(of magnitude: Int, in contexts: Int) -> Double {
        costs(contexts).cost(of: magnitude, tokens)
    }

    @inline(__always)
    private func costs(_ pair: Int) -> TokenCosts {
        TokenCosts(tokens: costs + pair &* TokenCosts.stride, lowerBits: lowerBits)
    }

    /// The path after a number.
    @inline(__always)
    package func after(_ path: Path, _ magnitude: UInt32, place: Int) -> Path {
        Path(
            row: RunningMean.moved(path.row, magnitude << 4, rowRates[min(place, 15)]),
            last: magnitude,
            beforeLast: place == 0 ? magnitude : path.last
        )
    }

    /// The size of an integer as the model sees it.
    @inline(__always)
    package func magnitude(_ value: Int) -> UInt32 {
        TokenSurroundings.seen(UInt64(value.magnitude) &>> UInt64(lowerBits))
    }
}
