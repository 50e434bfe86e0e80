import Testing
import Tensors

@testable import EntropyCoding

/// What the estimate says of the next number is what the coder then spends on it.
@Suite struct RateEstimateTests {
    private func layout(_ typicalLength: Int, kernel: Int, isDependent: Bool = false) -> TokenLayout {
        TokenLayout(
            typicalLength: typicalLength,
            rowLength: 36,
            kernelLength: kernel,
            isDependent: isDependent,
            hasRawSigns: true
        )
    }

    @Test(arguments: [(0, 9), (2, 1), (3, 9), (5, 1), (8, 4)])
    func numbersCostWhatWasSaid(_ typicalLength: Int, _ kernel: Int) {
        let estimate = RateEstimate(TokenModel(), layout(typicalLength, kernel: kernel))
        var generator = SeededGenerator(seed: 3)
        for number in 0..<2_000 {
            // Now and then one behind an escape.
            let largest = Double(number % 100 == 0 ? 300 << typicalLength : 2 << typicalLength)
            let value = Int((generator.uniform() + generator.uniform() + generator.uniform() - 1.5) * largest / 1.5)
            estimate.prepare()
            let said = estimate.cost(of: abs(value))
            let before = estimate.bits
            estimate.append(value)
            #expect(abs(estimate.bits - before - said) < 1e-9)
        }
    }

    /// A path that was decided costs what the estimate says, if the model learned all of it.
    @Test(arguments: [1, 9], [false, true]) func decidedPathsCostTheSame(_ kernel: Int, _ isDependent: Bool) {
        let layout = layout(3, kernel: kernel, isDependent: isDependent)
        let estimate = RateEstimate(TokenModel(), layout)
        let rates = PathRates(estimate)
        var generator = SeededGenerator(seed: 5)
        var (path, state) = (rates.start, DependentTrellis.start)
        var magnitudes: [UInt32] = []
        for number in 0..<1_000 {
            let place = number % layout.rowLength
            if place == 0 { (path, state, magnitudes) = (rates.start, DependentTrellis.start, []) }
            let across = kernel > 1 && place >= kernel ? magnitudes[place - kernel] : nil
            let contexts = rates.contexts(path, place: place, across: across, half: DependentTrellis.half(state))
            estimate.prepare()
            for value in [0, 1, 3, 9, 200] {
                #expect(abs(rates.cost(of: value, in: contexts) - estimate.cost(of: value)) < 1e-9)
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
        let layout = layout(3, kernel: 9)
        let estimate = RateEstimate(TokenModel(), layout)
        var generator = SeededGenerator(seed: 8)
        let values = (0..<20_000).map { _ in Int((generator.uniform() * generator.uniform() * 15).rounded(.down)) }
        for value in values { estimate.append(value) }

        let batch = MagnitudeBatch(capacity: values.count)
        for (index, value) in values.enumerated() { batch.integers[index] = Int64(value) }
        var encoder = RangeEncoder()
        TokenModel().code(values.count, of: batch, in: TokenSurroundings(layout), with: &encoder)
        let stream = encoder.finish()
        let bytes = Double(stream.coded.count + stream.raw.count)
        #expect(abs(estimate.bits / 8 - bytes) < 0.01 * bytes)
    }
}
