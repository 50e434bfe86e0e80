import Operators
import Tensors
import TestSupport
import Testing

@testable import Passes

/// Rows of correlated numbers: each the sum of a few that all share and one of its own.
private struct Inputs {
    let length: Int
    let values: [[Double]]

    init(length: Int, count: Int, seed: UInt64) {
        self.length = length
        var mixing = SeededGenerator(seed: 11)
        let loads = (0..<length).map { _ in (0..<4).map { _ in mixing.uniform() * 2 - 1 } }
        var generator = SeededGenerator(seed: seed)
        values = (0..<count).map { _ in
            let shared = (0..<4).map { _ in generator.uniform() * 2 - 1 }
            return loads.map { zip($0, shared).reduce(0.2 * generator.uniform()) { $0 + $1.0 * $1.1 } }
        }
    }

    /// Second moments, as the sampler gives them: in the weight's memory order.
    var moments: [Double] {
        var sums = [Double](repeating: 0, count: length * length)
        for x in values {
            for i in 0..<length { for j in 0..<length { sums[i * length + j] += x[i] * x[j] / Double(values.count) } }
        }
        return sums
    }

    /// The mean squared error of each output, computed row by row.
    func errors(_ weight: QuantizedWeight) -> [Double] {
        let rows = weight.rows
        return (0..<rows.rowCount).map { row in
            values.reduce(0.0) { total, x in
                var difference = 0.0
                for (memory, element) in rows.memoryOrder.enumerated() {
                    let index = row * length + element
                    let scale = weight.scales[weight.scales.count == 1 ? 0 : row]
                    difference += (Double(rows.values[index]) - Double(weight.codes[index]) * Double(scale)) * x[memory]
                }
                return total + difference * difference / Double(values.count)
            }
        }
    }
}

private func rows(_ shape: [Int], form: LinearForm = LinearForm(weightOutputAxis: 0, weightInputAxis: 1)) throws
    -> WeightRows
{
    var generator = SeededGenerator(seed: 3)
    let values = (0..<shape.reduce(1, *)).map { _ in Float(generator.uniform() * 2 - 1) }
    return try #require(try WeightRows(TensorData(values, shape: shape), form: form))
}

private func rounding(_ rows: WeightRows, threads: Int = 2) throws -> CompensatedRounding {
    let (fit, heldOut) = (
        Inputs(length: rows.rowLength, count: 600, seed: 1), Inputs(length: rows.rowLength, count: 200, seed: 2)
    )
    return try #require(CompensatedRounding(rows, fit: fit.moments, heldOut: heldOut.moments, threads: threads))
}

@Suite struct CompensatedRoundingTests {
    @Test(arguments: [true, false], [true, false])
    func outputsAreNearerOnInputsThatWereNotSeen(_ holdsPairs: Bool, _ isPerChannel: Bool) throws {
        let rows = try rows([12, 6, 3, 3])
        var quantizer = WeightQuantizer()
        quantizer.holdsPairs = holdsPairs
        quantizer.isPerChannel = isPerChannel
        let nearest = try quantizer.quantize(rows, importance: [[Float](repeating: 1, count: rows.rowLength)])
        let (refined, changed) = try rounding(rows).refine(nearest, quantizer, leastScales: [])
        #expect(changed == 12)
        #expect(refined.scales.count == nearest.scales.count)
        if !isPerChannel { #expect(refined.scales == nearest.scales) }
        let unseen = Inputs(length: rows.rowLength, count: 300, seed: 4)
        let (before, after) = (unseen.errors(nearest), unseen.errors(refined))
        #expect(after.reduce(0, +) < 0.5 * before.reduce(0, +))
    }

    @Test(arguments: [[6, 5, 3, 3], [4, 40], [3, 4, 9]])
    func everyPairKeepsTheBound(_ shape: [Int]) throws {
        let rows = try rows(shape)
        var quantizer = WeightQuantizer()
        quantizer.holdsPairs = true
        let nearest = try quantizer.quantize(rows, importance: [[Float](repeating: 1, count: rows.rowLength)])
        let refined = try rounding(rows).refine(nearest, quantizer, leastScales: []).weight
        #expect(refined.codes != nearest.codes)
        #expect(PairBound.violations(refined.codes, in: rows) == 0)
        #expect(refined.codes.allSatisfy { $0 >= -127 })
    }

    @Test func aMatrixWithTurnedColumnsIsRoundedAsItsRowsAre() throws {
        let form = LinearForm(weightOutputAxis: 1, weightInputAxis: 0)
        let rows = try rows([40, 8], form: form)
        let nearest = try WeightQuantizer().quantize(rows, importance: [[Float](repeating: 1, count: 40)])
        let refined = try rounding(rows).refine(nearest, WeightQuantizer(), leastScales: []).weight
        let unseen = Inputs(length: 40, count: 300, seed: 4)
        #expect(unseen.errors(refined).reduce(0, +) < 0.5 * unseen.errors(nearest).reduce(0, +))
    }

    @Test func codesDoNotDependOnThreads() throws {
        let rows = try rows([9, 6, 3, 3])
        var quantizer = WeightQuantizer()
        quantizer.holdsPairs = true
        let nearest = try quantizer.quantize(rows, importance: [[Float](repeating: 1, count: rows.rowLength)])
        let one = try rounding(rows, threads: 1).refine(nearest, quantizer, leastScales: [])
        quantizer.threads = 5
        let five = try rounding(rows, threads: 5).refine(nearest, quantizer, leastScales: [])
        #expect(one.weight.codes == five.weight.codes && one.weight.scales == five.weight.scales)
    }

    @Test func aRowWhoseHeldOutErrorWouldRiseStaysAsItIs() throws {
        let rows = try rows([5, 30])
        let quantizer = WeightQuantizer()
        let ones = [[Float](repeating: 1, count: 30)]
        let nearest = try quantizer.quantize(rows, importance: ones)
        let inputs = Inputs(length: 30, count: 600, seed: 1)
        // Held-out inputs that are not correlated: rounding to nearest is the best there.
        let identity = (0..<900).map { $0 % 31 == 0 ? 1.0 : 0 }
        let rounding = try #require(
            CompensatedRounding(rows, fit: inputs.moments, heldOut: identity, threads: 1)
        )
        let (refined, changed) = rounding.refine(nearest, quantizer, leastScales: [])
        #expect(changed == 0 && refined.codes == nearest.codes && refined.scales == nearest.scales)
    }

    @Test func scalesAreNotSmallerThanABiasAllows() throws {
        let rows = try rows([6, 30])
        let quantizer = WeightQuantizer()
        let nearest = try quantizer.quantize(rows, importance: [[Float](repeating: 1, count: 30)])
        let least = nearest.scales.map(Double.init)
        let refined = try rounding(rows).refine(nearest, quantizer, leastScales: least).weight
        #expect(zip(refined.scales, nearest.scales).allSatisfy { $0 >= $1 })
    }

    @Test func inputsThatAreAllZeroGiveNothingToGoBy() throws {
        let rows = try rows([2, 4])
        let zeros = [Double](repeating: 0, count: 16)
        #expect(CompensatedRounding(rows, fit: zeros, heldOut: zeros, threads: 1) == nil)
    }
}
