import EntropyCoding
import Tensors

extension GridRounding {
    /// Numbers that stay undecided, and how many are decided at once.
    private static let (open, run) = (64, 32)

    /// Rounds to a grid of half the step, of which a trellis leaves every other point: the path of the least D + λR, by Viterbi's
    /// algorithm.
    /// - Parameters:
    ///   - wanted: row after row, as they lie in memory.
    ///   - model: of all layers, one after another; it learns what is decided.
    func roundDependently(_ wanted: [Double], to grid: WeightGrid, _ model: TokenModel) -> Result {
        let estimate = RateEstimate(model, layout(wanted, grid))
        let rates = PathRates(estimate)
        let trellis = TrellisPaths(length)
        var multiples = [Int32](repeating: 0, count: wanted.count)
        var distortion = 0.0
        func decide(before end: Int) {
            let from = trellis.decidedCount
            trellis.decide(before: end)
            for place in from..<end {
                estimate.append(Int(DependentTrellis.index(Int64(trellis.decided.multiples[place]))))
            }
            rates.forget()
        }
        for row in 0..<rows {
            let factor = factor(row)
            trellis.start(rates.start)
            factor.coupling.withUnsafeBufferPointer { coupling in
                let table = coupling.isEmpty ? nil : coupling.baseAddress
                for place in 0..<length {
                    let weight = Weight(
                        place: place,
                        wanted: wanted[row * length + place],
                        step: grid.step(row, place),
                        sensitivity: sensitivities[row] * factor.pivots[place],
                        coupling: table.map { $0 + place * length }
                    )
                    let arrivals = arrivals(weight, trellis, rates)
                    trellis.advance(arrivals, place: place, wanted: weight.wanted, step: weight.step, rates)
                    if place + 1 - trellis.decidedCount >= Self.open + Self.run {
                        decide(before: place + 1 - Self.open)
                    }
                }
            }
            distortion += trellis.paths[trellis.best]?.distortion ?? 0
            decide(before: length)
            for place in 0..<length { multiples[row * length + place] = trellis.decided.multiples[place] }
        }
        return Result(multiples: multiples, bits: estimate.bits, distortion: distortion)
    }

    /// What is to be rounded next.
    private struct Weight {
        var place: Int
        var wanted: Double
        var step: Double
        /// What a squared error costs.
        var sensitivity: Double
        /// How much of the error of each weight before it it makes up for.
        var coupling: UnsafePointer<Double>?
    }

    /// The cheapest path to each state behind the next weight.
    private func arrivals(_ weight: Weight, _ trellis: TrellisPaths, _ rates: PathRates) -> [TrellisPaths.Arrival?] {
        let (place, decided) = (weight.place, trellis.decidedCount)
        let made = weight.coupling.map { dot($0, trellis.decided.errors, decided) } ?? 0
        let cost = weight.sensitivity * weight.step * weight.step
        var arrivals = [TrellisPaths.Arrival?](repeating: nil, count: DependentTrellis.states)
        for state in 0..<DependentTrellis.states {
            guard let path = trellis.paths[state] else { continue }
            let numbers = trellis.numbers[state]
            let own = weight.coupling.map { dot($0 + decided, numbers.errors + decided, place - decided) } ?? 0
            let target = (weight.wanted + made + own) / weight.step
            let size = min(abs(target), Self.largest)
            let half = DependentTrellis.half(state)
            var across: UInt32?
            if kernelLength > 1, place >= kernelLength {
                let at = place - kernelLength
                across = at >= decided ? numbers.magnitudes[at] : trellis.decided.magnitudes[at]
            }
            let contexts = rates.contexts(path.rates, place: place, across: across, half: half)
            func consider(_ index: Int) {
                let multiple = Int(DependentTrellis.multiple(Int64(index), state))
                let rest = size - Double(multiple)
                let error = cost * rest * rest
                let total = path.cost + error + lambda * rates.cost(of: index, in: contexts)
                let to = DependentTrellis.next(state, parity: index & 1)
                guard total < arrivals[to]?.path.cost ?? .infinity else { return }
                var next = path
                (next.cost, next.distortion) = (total, path.distortion + error)
                arrivals[to] = TrellisPaths.Arrival(
                    path: next,
                    from: state,
                    multiple: target < 0 ? -multiple : multiple,
                    index: index
                )
            }
            // The nearest index of each parity, the next lower one, and zero.
            let lower = Int((size + Double(half)) / 2)
            consider(lower)
            consider(lower + 1)
            if lower > 0 { consider(lower - 1) }
            if lower > 1 { consider(0) }
        }
        return arrivals
    }
}
