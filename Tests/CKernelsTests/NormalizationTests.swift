import CKernels
import Foundation
import Tensors
import Testing

@Suite struct NormalizationTests {
    @Test(arguments: [[1, 1], [9, 2], [5000, 2], [301, 5], [37, 8], [37, 9], [90, 21], [7, 1000], [3, 4097]])
    func rowsBecomeShares(_ sizes: [Int]) {
        var random = SeededGenerator(seed: 5)
        let n = sizes[1], x = random.floats(sizes[0] * n, within: 30)
        var shares: [Double] = [], logarithms: [Double] = []
        for row in stride(from: 0, to: x.count, by: n) {
            let most = x[row..<row + n].max() ?? 0
            // The difference is rounded as the kernel's is: its error grows with its size, the exponential's does not.
            let differences = x[row..<row + n].map { Double($0 - most) }
            let sum = differences.reduce(0) { $0 + exp($1) }
            shares += differences.map { exp($0) / sum }
            logarithms += differences.map { $0 - log(sum) }
        }
        for way in Way.all {
            for isLogarithm in [false, true] {
                var y = [Float](repeating: -9, count: x.count)
                way.run { ck_softmax_f32(x, &y, Int64(sizes[0]), Int64(n), isLogarithm ? 1 : 0, $0) }
                let worst = zip(y, isLogarithm ? logarithms : shares).map { value, expected in
                    abs(Double(value) - expected) / (isLogarithm ? max(1, abs(expected)) : expected)
                }.max()
                #expect((worst ?? 1) < 1e-6, "\(way.testDescription), logarithm \(isLogarithm)")
            }
        }
    }

    @Test(arguments: Way.all, [3, 20])
    func extremesGiveWhatTheirLimitsAre(_ way: Way, _ n: Int) {
        func share(_ row: [Float]) -> [Float] {
            let x = row + [Float](repeating: -.infinity, count: n - row.count)
            // More than one row, so that rows are taken side by side where they are short.
            let rows = [Float]([[Float]](repeating: x, count: 9).joined())
            var y = rows
            way.run { ck_softmax_f32(rows, &y, 9, Int64(n), 0, $0) }
            return Array(y.suffix(n).prefix(row.count))
        }
        #expect(share([-.infinity, 0, 0]) == [0, 0.5, 0.5])
        #expect(share([3e38, -3e38, 3e38]) == [0.5, 0, 0.5])
        #expect(share([0, .nan, 1]).allSatisfy({ $0.isNaN }))
        #expect(share([-.infinity, -.infinity, -.infinity]).allSatisfy({ $0.isNaN }))
    }

    @Test(arguments: [[1, 49, 1280], [3, 7, 5], [2, 3136, 64], [2, 130, 33], [1, 1, 100], [5, 300, 3]])
    func positionsAreAveraged(_ sizes: [Int]) {
        var random = SeededGenerator(seed: 6)
        let x = random.floats(sizes.reduce(1, *))
        let expected = indices([sizes[0], sizes[2]]).map { at in
            (0..<sizes[1]).reduce(0.0) { $0 + Double(x[(at[0] * sizes[1] + $1) * sizes[2] + at[1]]) } / Double(sizes[1])
        }
        for way in Way.all {
            var y = [Float](repeating: -9, count: expected.count)
            way.run { ck_mean_f32(x, &y, Int64(sizes[0]), Int64(sizes[1]), Int64(sizes[2]), $0) }
            let worst = zip(y, expected).map { abs(Double($0) - $1) }.max()
            #expect((worst ?? 1) < 2e-6, "\(way.testDescription)")
        }
    }
}
