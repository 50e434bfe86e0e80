/// How the range of an activation is found.
package enum RangeMethod: String, CaseIterable, Sendable {
    /// Whichever loses least by the mean of |error|⁴, which weighs clipped large values more than the mean square does.
    case auto
    /// All that was seen.
    case minmax
    /// All but one element in 100,000 on each side.
    case percentile
    /// The least mean squared error.
    case mse
    /// Activations stay float: only weights are quantised.
    case none
}

/// The interval of a tensor's values that is worth representing.
package struct ActivationRange: Sendable, Hashable {
    package var lowest: Double
    package var highest: Double

    package init(lowest: Double, highest: Double) {
        self.lowest = min(lowest, 0)
        self.highest = max(highest, 0)
    }

    package var grid: ActivationGrid { ActivationGrid(lowest: lowest, highest: highest) }

    /// - Returns: nil where nothing finite was seen.
    package init?(_ histogram: ActivationHistogram, method: RangeMethod) {
        guard histogram.lowest <= histogram.highest else { return nil }
        let all = ActivationRange(lowest: histogram.lowest, highest: histogram.highest)
        switch method {
        case .minmax, .none: self = all
        case .percentile: self = all.holding(of: histogram, but: 1e-5)
        case .mse: self = all.shrunk(for: histogram, power: 2)
        case .auto: self = all.shrunk(for: histogram, power: 4)
        }
    }

    /// Without the outermost share of the elements on each side.
    private func holding(of histogram: ActivationHistogram, but share: Double) -> ActivationRange {
        let total = Double(histogram.count + histogram.zeros)
        let allowed = Int(share * total)
        var (below, above) = (0, 0)
        var (low, high) = (lowest, highest)
        for index in 0..<ActivationHistogram.side {
            below += histogram.bins[index]
            if below > allowed {
                low = max(lowest, histogram.center(index) - histogram.width / 2)
                break
            }
            if index == ActivationHistogram.side - 1 { low = 0 }
        }
        for index in (ActivationHistogram.side..<2 * ActivationHistogram.side).reversed() {
            above += histogram.bins[index]
            if above > allowed {
                high = min(highest, histogram.center(index) + histogram.width / 2)
                break
            }
            if index == ActivationHistogram.side { high = 0 }
        }
        return ActivationRange(lowest: low, highest: high)
    }

    /// The sub-range that loses least by the mean of |error|^power: rounding errors are taken as uniform within a step, zeros
    /// as exact.
    private func shrunk(for histogram: ActivationHistogram, power: Int) -> ActivationRange {
        let factors = (0...48).map { 1 - Double($0) * 0.0125 }
        let above = (highest > 0 ? factors : [1]).map { Tail(histogram, above: highest * $0, power: power) }
        let below = (lowest < 0 ? factors : [1]).map { Tail(histogram, below: lowest * $0, power: power) }
        var best: (loss: Double, range: ActivationRange)?
        for high in above {
            for low in below {
                let half = (high.bound - low.bound) / 510
                let inside = Double(histogram.count) - low.count - high.count
                let loss = low.loss + high.loss + inside * half.raised(to: power) / Double(power + 1)
                if loss < (best?.loss ?? .infinity) {
                    best = (loss, ActivationRange(lowest: low.bound, highest: high.bound))
                }
            }
        }
        return best?.range ?? self
    }
}

/// The elements beyond a bound, and what clipping them to it costs.
private struct Tail {
    let bound: Double
    private(set) var count = 0.0
    private(set) var loss = 0.0

    init(_ histogram: ActivationHistogram, above bound: Double, power: Int) {
        self.bound = bound
        guard bound < histogram.highest else { return }
        add(histogram, first: Self.index(of: bound, histogram), last: 2 * ActivationHistogram.side, power) {
            $0 - bound
        }
    }

    init(_ histogram: ActivationHistogram, below bound: Double, power: Int) {
        self.bound = bound
        guard bound > histogram.lowest else { return }
        add(histogram, first: 0, last: Self.index(of: bound, histogram), power) { bound - $0 }
    }

    private static func index(of bound: Double, _ histogram: ActivationHistogram) -> Int {
        let side = ActivationHistogram.side
        let index = (bound / histogram.width).rounded(.down)
        return Int(max(0, min(Double(2 * side - 1), index + Double(side))))
    }

    private mutating func add(
        _ histogram: ActivationHistogram,
        first: Int,
        last: Int,
        _ power: Int,
        _ excess: (Double) -> Double
    ) {
        for index in first..<last where histogram.bins[index] > 0 {
            let number = Double(histogram.bins[index])
            let distance = excess(histogram.center(index))
            guard distance > 0 else { continue }
            count += number
            loss += number * distance.raised(to: power)
        }
    }
}

extension Double {
    fileprivate func raised(to power: Int) -> Double { (1..<power).reduce(self) { product, _ in product * self } }
}
