import Tensors

/// What the integers of a tensor cost under the magnitude model, one after another in memory order: asked before a number is
/// chosen, told which it became.
package final class RateEstimate {
    let model: MagnitudeModel
    let surroundings: MagnitudeSurroundings
    private let batch = MagnitudeBatch(capacity: 1)
    private var counter = BitCounter()
    /// The costs of the classes as the next number's, in bits.
    private let classCosts: UnsafeMutablePointer<Double>

    /// - Parameters:
    ///   - model: what was learned so far; it learns on.
    ///   - layout: of the tensor that follows.
    package init(_ model: MagnitudeModel, _ layout: MagnitudeLayout) {
        self.model = model
        surroundings = MagnitudeSurroundings(layout)
        classCosts = .allocate(capacity: layout.top + 1)
        classCosts.initialize(repeating: 0, count: layout.top + 1)
    }

    deinit { classCosts.deallocate() }

    /// The cost of all numbers so far, in bits.
    package var bits: Double { counter.bits }

    /// Looks at the place of the next number; ``cost(of:)`` then holds for it.
    @inline(__always)
    package func prepare() { model.classCosts(surroundings, into: classCosts) }

    /// The cost in bits of an integer as the next number. Its sign and the bits behind its leading one count as a bit each.
    @inline(__always)
    package func cost(of magnitude: Int) -> Double {
        let length = Int.bitWidth &- magnitude.leadingZeroBitCount
        return classCosts[min(length, surroundings.layout.top)] + Double(length)
    }

    /// Codes the next number.
    package func append(_ value: Int) {
        batch.integers[0] = Int64(value)
        batch.takeIntegers(1)
        model.code(1, of: batch, in: surroundings, with: &counter)
    }
}

extension MagnitudeModel {
    /// The costs in bits of the classes 0 to `top` as the next number's.
    fileprivate func classCosts(_ surroundings: MagnitudeSurroundings, into costs: UnsafeMutablePointer<Double>) {
        let (one, other) = contexts(surroundings)
        classCosts(one, other, surroundings.layout, into: costs)
    }

    /// The costs in bits of the classes 0 to `top` by the estimates of two contexts.
    func classCosts(
        _ one: UnsafeMutablePointer<AdaptiveBit>,
        _ other: UnsafeMutablePointer<AdaptiveBit>,
        _ layout: MagnitudeLayout,
        into costs: UnsafeMutablePointer<Double>
    ) {
        let tables = CodingTables()
        let (top, middle) = (layout.top, layout.middle)
        func decision(_ node: Int) -> (yes: Double, no: Double) {
            let p = weights[node].mixed(one + node, other + node, tables).probability
            return (BitCost.bits(p), BitCost.bits(65_536 - p))
        }
        var rest = 0.0
        if layout.hasZeros {
            let zero = decision(Self.zero)
            (costs[0], rest) = (zero.yes, zero.no)
        }
        let lowest = layout.hasZeros ? 1 : 0
        if middle > 0 {
            let isAbove = decision(0)
            var above = rest + isAbove.yes
            rest += isAbove.no
            for distance in stride(from: middle - 1, to: 0, by: -1) {
                let isHigher = decision(Self.above + middle - 1 - distance)
                if top - distance >= lowest { costs[top - distance] = above + isHigher.no }
                above += isHigher.yes
            }
            if top >= lowest { costs[top] = above }
        }
        for distance in middle...max(middle, top) where distance <= top {
            guard distance - middle < Int(Self.longestBelow) else {
                if top - distance >= lowest { costs[top - distance] = rest }
                continue
            }
            let isLower = decision(Self.below + distance - middle)
            if top - distance >= lowest { costs[top - distance] = rest + isLower.no }
            rest += isLower.yes
        }
    }

    /// The estimates of the next number's decisions in its two contexts.
    private func contexts(
        _ s: MagnitudeSurroundings
    ) -> (scale: UnsafeMutablePointer<AdaptiveBit>, neighbours: UnsafeMutablePointer<AdaptiveBit>) {
        let mask = MagnitudeSurroundings.history - 1
        let (place, number, kernelLength) = (s.place, s.number, s.layout.kernelLength)
        let row = place == 0 ? s.whole : s.row
        let wholeLevel = place == 0 ? Self.level(s.whole) : s.wholeLevel
        let column = s.columns[place]
        let last = place > 0 ? s.magnitudes[(number &- 1) & mask] : row >> 4
        let beforeLast = place > 1 ? s.magnitudes[(number &- 2) & mask] : last
        let isInner = kernelLength > 1 && place >= kernelLength
        let across = isInner ? s.magnitudes[(number &- kernelLength) & mask] : last
        let contexts = Self.contexts(
            row: row,
            column: column == 0 ? s.whole : column,
            wholeLevel: wholeLevel,
            last: last,
            beforeLast: beforeLast,
            across: across
        )
        let half = DependentTrellis.half(s.state) &* Self.contexts
        return (scale + (contexts.scale &+ half) &* Self.nodes, neighbours + contexts.near &* Self.nodes)
    }
}
