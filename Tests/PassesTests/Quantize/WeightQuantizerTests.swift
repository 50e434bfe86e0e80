import Operators
import Tensors
import Testing

@testable import Passes

private let convolution = LinearForm(weightOutputAxis: 0, weightInputAxis: 1)

private func rows(_ values: [Float], _ shape: [Int], _ form: LinearForm = convolution) throws -> WeightRows {
    try #require(try WeightRows(TensorData(values, shape: shape), form: form))
}

private func normal(_ count: Int, seed: UInt64) -> [Float] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in Float((0..<6).reduce(0.0) { sum, _ in sum + generator.uniform() } - 3) }
}

@Suite struct WeightRowsTests {
    @Test func rowsHaveInputChannelsInnermost() throws {
        // 1 output, 2 inputs, 1 × 3 kernel: memory holds channel 0's positions, then channel 1's.
        let rows = try rows([0, 1, 2, 10, 11, 12], [1, 2, 1, 3])
        #expect(rows.values == [0, 10, 1, 11, 2, 12])
        #expect(rows.inputChannels == [0, 1, 0, 1, 0, 1])
        #expect(rows.memoryOrder.map { rows.values[$0] } == [0, 1, 2, 10, 11, 12])
    }

    @Test func matricesTurnTheirColumns() throws {
        let form = LinearForm(weightOutputAxis: 1, weightInputAxis: 0)
        let rows = try rows([1, 2, 3, 4, 5, 6], [3, 2], form)
        #expect(rows.rowCount == 2 && rows.values == [1, 3, 5, 2, 4, 6])
        let codes: [Int8] = [1, 3, 5, 2, 4, 6]
        #expect(try rows.tensor(codes).array(of: Int8.self) == [1, 2, 3, 4, 5, 6])
        #expect(try rows.tensor(codes, scales: [2, 10]).array(of: Float.self) == [2, 20, 6, 40, 10, 60])
    }
}

@Suite struct WeightQuantizerTests {
    @Test func aWeightOnItsGridComesBackExactly() throws {
        // Powers of two as scales: 127 · ¼ is the largest weight of row 0.
        let rows = try rows([31.75, -8, 0.25, 127, 1, -127], [2, 3, 1, 1])
        let result = try WeightQuantizer().quantize(rows, importance: [[1, 1, 1]])
        #expect(result.scales == [0.25, 1])
        #expect(result.codes == [127, -32, 1, 127, 1, -127])
        #expect(try result.dequantized().array(of: Float.self) == rows.values)
    }

    @Test func oneScaleHoldsTheLargestRow() throws {
        var quantizer = WeightQuantizer()
        quantizer.isPerChannel = false
        let result = try quantizer.quantize(
            rows([31.75, -8, 0.25, 127, 1, -127], [2, 3, 1, 1]),
            importance: [[1, 1, 1]]
        )
        #expect(result.scales == [1])
        #expect(result.codes == [32, -8, 0, 127, 1, -127])
    }

    @Test func theSearchLosesNoMoreThanTheLargestWeightsScale() throws {
        let rows = try rows(normal(64 * 27, seed: 1), [64, 3, 3, 3])
        let result = try WeightQuantizer().quantize(rows, importance: [[Float](repeating: 1, count: 27)])
        for row in 0..<64 {
            let scale = Double(rows.row(row).map(abs).max() ?? 0) / 127
            func loss(_ scale: Double, _ code: (Int, Float) -> Double) -> Double {
                rows.row(row).enumerated().reduce(0) { sum, element in
                    let error = code(element.offset, element.element) * scale - Double(element.element)
                    return sum + error * error
                }
            }
            let plain = loss(scale) { (Double($1) / scale).rounded() }
            let found = loss(Double(result.scales[row])) { index, _ in Double(result.codes[row * 27 + index]) }
            #expect(found <= plain * (1 + 1e-5))
        }
    }

    @Test(arguments: [[8, 16, 3, 3], [16, 3, 5, 5], [32, 64], [4, 7, 1, 1], [3, 4, 9]])
    func everyPairKeepsTheBound(_ shape: [Int]) throws {
        let count = shape.reduce(1, *)
        // Large weights everywhere: nearly every pair would break the bound.
        let values = normal(count, seed: 9).map { $0 < 0 ? $0 * 0.1 - 2 : $0 * 0.1 + 2 }
        let rows = try rows(values, shape)
        let ones = [[Float](repeating: 1, count: rows.rowLength)]
        var quantizer = WeightQuantizer()
        #expect(PairBound.violations(try quantizer.quantize(rows, importance: ones).codes, in: rows) > 0)
        quantizer.holdsPairs = true
        let result = try quantizer.quantize(rows, importance: ones)
        #expect(PairBound.violations(result.codes, in: rows) == 0)
        // The definition, in both orders.
        let stored = try result.tensor().array(of: Int8.self).map(Int.init)
        let length = rows.rowLength
        for row in 0..<rows.rowCount {
            for order in [Array(0..<length), rows.memoryOrder] {
                for (i, j) in zip(order, order.dropFirst()) {
                    let (a, b) = (stored[rows.places[row * length + i]], stored[rows.places[row * length + j]])
                    #expect(255 * (abs(a) + abs(b)) <= 32_767)
                }
            }
        }
    }

    @Test func codesDoNotDependOnThreads() throws {
        let rows = try rows(normal(33 * 50, seed: 4), [33, 50])
        var quantizer = WeightQuantizer()
        quantizer.holdsPairs = true
        let importance = [normal(50, seed: 5).map { $0 * $0 }]
        let one = try quantizer.quantize(rows, importance: importance)
        quantizer.threads = 5
        let five = try quantizer.quantize(rows, importance: importance)
        #expect(one.codes == five.codes && one.scales == five.scales)
    }

    @Test func scalesAreNotSmallerThanABiasAllows() throws {
        let rows = try rows([1e-12, 0, 0, 0], [2, 2, 1, 1])
        let result = try WeightQuantizer().quantize(rows, importance: [[1, 1]], leastScales: [1e-3, 0])
        #expect(result.scales[0] == 1e-3 && result.scales[1] > 0)
        #expect(result.codes == [0, 0, 0, 0])
    }
}
