import Testing
import Tensors

@testable import EntropyCoding

/// What the estimate says of the next number is what the coder then spends on it.
@Suite struct RateEstimateTests {
    private func layout(top: Int, middle: Int, hasZeros: Bool, kernel: Int) -> MagnitudeLayout {
        MagnitudeLayout(
            top: top,
            middle: middle,
            hasZeros: hasZeros,
            zerosHaveSigns: false,
            widths: (0...24).map { UInt8(max($0 - 1, 0)) },
            rowLength: 36,
            kernelLength: kernel
        )
    }

    @Test(arguments: [(3, 2, true, 9), (3, 2, true, 1), (4, 1, false, 9), (2, 0, false, 1), (6, 3, true, 4)])
    func zerosCostWhatWasSaid(_ top: Int, _ middle: Int, _ hasZeros: Bool, _ kernel: Int) {
        let estimate = RateEstimate(
            MagnitudeModel(modelledBits: 3),
            layout(top: top, middle: middle, hasZeros: hasZeros, kernel: kernel)
        )
        var generator = SeededGenerator(seed: 3)
        var differences: [Double] = []
        for _ in 0..<2_000 {
            let value = Int(
                (generator.uniform() + generator.uniform() + generator.uniform() - 1.5) * Double(1 << top) / 1.5
            )
            let bounded = max(-(1 << top) + 1, min((1 << top) - 1, value))
            estimate.prepare()
            let said = estimate.cost(of: abs(bounded))
            let before = estimate.bits
            estimate.append(bounded)
            let spent = estimate.bits - before
            if bounded == 0 {
                #expect(abs(spent - said) < 1e-9)
            } else {
                differences.append(spent - said)
            }
        }
        // Signs and upper bits of fractions are modelled as well; the estimate counts a bit for each.
        let count = Double(differences.count)
        #expect(abs(differences.reduce(0, +)) < 0.35 * count)
        #expect(differences.reduce(0) { $0 + abs($1) } < 0.8 * count)
    }

    /// A path that was decided costs what the estimate says, if the model learned all of it.
    @Test(arguments: [1, 9], [false, true]) func decidedPathsCostTheSame(_ kernel: Int, _ isDependent: Bool) {
        var layout = layout(top: 4, middle: 2, hasZeros: true, kernel: kernel)
        layout.isDependent = isDependent
        let estimate = RateEstimate(MagnitudeModel(modelledBits: 3), layout)
        let rates = PathRates(estimate)
        var generator = SeededGenerator(seed: 5)
        var (path, state) = (rates.start, DependentTrellis.start)
        var magnitudes: [UInt32] = []
        for number in 0..<1_000 {
            let place = number % layout.rowLength
            if place == 0 { (path, state, magnitudes) = (rates.start, DependentTrellis.start, []) }
            let across = kernel > 1 && place >= kernel ? magnitudes[place - kernel] : nil
            let costs = rates.classCosts(path, place: place, across: across, half: DependentTrellis.half(state))
            estimate.prepare()
            for value in [0, 1, 3, 9] {
                let length = Int.bitWidth - value.leadingZeroBitCount
                #expect(abs(costs[length] + Double(length) - estimate.cost(of: value)) < 1e-9)
            }
            let value =
                Int((generator.uniform() * generator.uniform() * 15).rounded(.down)) * (number % 3 == 0 ? -1 : 1)
            estimate.append(value)
            rates.forget()
            magnitudes.append(rates.magnitude(value))
            path = rates.after(path, rates.magnitude(value), place: place)
            if isDependent { state = DependentTrellis.next(state, parity: value & 1) }
        }
    }

    @Test func theSumOfCostsIsTheSizeOfTheStream() {
        let layout = layout(top: 4, middle: 2, hasZeros: true, kernel: 9)
        let model = MagnitudeModel(modelledBits: 3)
        let estimate = RateEstimate(model, layout)
        var generator = SeededGenerator(seed: 8)
        let values = (0..<20_000).map { _ in Int((generator.uniform() * generator.uniform() * 15).rounded(.down)) }
        for value in values { estimate.append(value) }

        let other = MagnitudeModel(modelledBits: 3)
        let batch = MagnitudeBatch(capacity: values.count)
        for (index, value) in values.enumerated() { batch.integers[index] = Int64(value) }
        batch.takeIntegers(values.count)
        var encoder = RangeEncoder()
        other.code(values.count, of: batch, in: MagnitudeSurroundings(layout), with: &encoder)
        let stream = encoder.finish()
        let bytes = Double(stream.coded.count + stream.raw.count)
        #expect(abs(estimate.bits / 8 - bytes) < 0.01 * bytes)
    }
}
