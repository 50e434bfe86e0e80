import GraphIR
import Passes
import TestSupport
import Tensors
import Testing

@Suite struct ChannelStatisticsTests {
    @Test func piecesGiveTheMomentsOfTheWhole() throws {
        var generator = SeededGenerator(seed: 1)
        let values = (0..<5 * 3 * 4).map { _ in Float(1_000 + generator.uniform()) }
        var pieces = ChannelStatistics()
        // Samples 0…1 and 2…4, channels in the middle.
        try pieces.add(TensorData(Array(values[..<24]), shape: [2, 3, 4]), axis: 1)
        try pieces.add(TensorData(Array(values[24...]), shape: [3, 3, 4]), axis: 1)
        #expect(pieces.count == 20)
        for channel in 0..<3 {
            let own = values.indices.filter { $0 / 4 % 3 == channel }.map { Double(values[$0]) }
            let mean = own.reduce(0, +) / 20
            let variance = own.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / 20
            #expect(abs(pieces.means[channel] - mean) < 1e-9)
            #expect(abs(pieces.variances[channel] - variance) < 1e-9)
        }
    }

    @Test func channelCountsMustAgree() throws {
        var statistics = ChannelStatistics()
        try statistics.add(TensorData([Float](repeating: 1, count: 6), shape: [2, 3]), axis: 1)
        #expect(throws: CNNOptError.self) {
            try statistics.add(TensorData([Float](repeating: 1, count: 8), shape: [2, 4]), axis: 1)
        }
    }

    @Test func aModelsValuesAreGathered() throws {
        // y = x + (1, −1): the mean of each column moves by that.
        let x = try TensorData([Float](arrayLiteral: 0, 0, 2, 4, 4, 8), shape: [3, 2])
        let model = try singleNodeModel(
            "Add",
            inputs: [x, try TensorData([Float](arrayLiteral: 1, -1))],
            constants: [1]
        )
        let output = try #require(model.graph.outputs.first)
        let found = try ChannelStatistics.collect(model, axes: [output: 1], samples: PreparedSamples(x), PassContext())
        #expect(found[output]?.means == [3, 3])
        #expect(found[output]?.variances.map { ($0 * 3).rounded() } == [8, 32])
    }
}
