import Foundation
import Tensors
import Testing

@testable import Passes

@Suite struct ChannelSensitivitiesTests {
    /// Squared gradients of channels of which some matter more, with so much chance in each.
    private func half(_ seed: UInt64, chance: Double, spread: Double) -> [Double] {
        var generator = SeededGenerator(seed: seed)
        return (0..<64).map { channel in
            exp(spread * Double(channel % 8 - 4) / 4 + chance * (generator.uniform() - 0.5))
        }
    }

    @Test func whatHalvesAgreeOnCounts() {
        let found = ChannelSensitivities.relative([
            half(1, chance: 0.2, spread: 1), half(2, chance: 0.2, spread: 1),
        ])
        #expect(found.count == 64)
        #expect(abs(found.reduce(0, +) / 64 - 1) < 1e-9)
        // Half of the logarithms' spread, from −1 to 0.75.
        #expect(abs(log(found[7] / found[0]) - 0.875) < 0.2)
    }

    @Test func chanceCountsForLittle() {
        let found = ChannelSensitivities.relative([half(1, chance: 2, spread: 0), half(2, chance: 2, spread: 0)])
        #expect(found.allSatisfy { abs($0 - 1) < 0.3 })
    }

    @Test(arguments: [
        [], [[1.0, 2.0]], [[], []], [[1, 2, 3], [1, 2, 3]],
        [[Double](repeating: 0, count: 20), [Double](repeating: 0, count: 20)],
        [[Double](repeating: 1, count: 20), []],
        [[Double](repeating: 3, count: 20), [Double](repeating: 2, count: 20)],
        [[Double](repeating: .nan, count: 20), [Double](repeating: 2, count: 20)],
    ])
    func withoutEvidenceAllCountAlike(_ halves: [[Double]]) {
        #expect(ChannelSensitivities.relative(halves).isEmpty)
    }
}
