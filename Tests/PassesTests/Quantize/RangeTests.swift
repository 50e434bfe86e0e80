import Tensors
import Testing

@testable import Passes

@Suite struct ActivationGridTests {
    @Test func gridByHand() {
        // [−1, 3] in 255 steps: 1 / (4 / 255) = 63.75 lies nearest to 64.
        let grid = ActivationGrid(lowest: -1, highest: 3)
        #expect(grid.scale == Float(4.0 / 255))
        #expect(grid.zeroPoint == 64)
        #expect(grid.code(0) == 64 && grid.value(64) == 0)
        #expect(grid.code(-5) == 0 && grid.code(5) == 255 && grid.code(.nan) == 0)
    }

    @Test(arguments: [(0.0, 6.0, UInt8(0)), (2, 6, 0), (-6, -2, 255), (-2, 1, 170)])
    func zeroIsAlwaysOnTheGrid(_ low: Double, _ high: Double, _ zeroPoint: UInt8) {
        let grid = ActivationGrid(lowest: low, highest: high)
        #expect(grid.zeroPoint == zeroPoint)
        #expect(grid.value(grid.code(0)) == 0)
    }

    @Test(arguments: [(0.0, 0.0), (.nan, .infinity), (0, 1e-60)])
    func emptyRangesGiveAUsableGrid(_ low: Double, _ high: Double) {
        #expect(ActivationGrid(lowest: low, highest: high).scale == 1)
    }

    @Test func halvesRoundToEven() throws {
        let grid = ActivationGrid(lowest: 0, highest: 255)
        let rounded = try grid.rounding(TensorData([0.5, 1.5, 2.5, 300, -3] as [Float]), threads: 1)
        #expect(try rounded.array(of: Float.self) == [0, 2, 2, 255, 0])
        for value: Float in [0.5, 1.5, 2.5, 300, -3] {
            #expect(grid.value(grid.code(value)) == (try roundedOne(value, grid)))
        }
    }

    private func roundedOne(_ value: Float, _ grid: ActivationGrid) throws -> Float {
        try grid.rounding(TensorData([value]), threads: 1).array(of: Float.self)[0]
    }
}

@Suite struct ActivationHistogramTests {
    private let values: [Float] = {
        var generator = SeededGenerator(seed: 3)
        return (0..<5_000).map { index in
            index % 7 == 0 ? 0 : Float(generator.uniform() - 0.3) * (index % 100 == 0 ? 50 : 1)
        }
    }()

    private func histogram(_ parts: [ArraySlice<Float>]) throws -> ActivationHistogram {
        var histogram = ActivationHistogram()
        for part in parts { try histogram.add(TensorData(Array(part))) }
        return histogram
    }

    @Test func batchesAndTheirOrderDoNotMatter() throws {
        let whole = try histogram([values[...]])
        let parts = try histogram([values[4_000...], values[..<10], values[10..<4_000]])
        #expect(whole.bins == parts.bins && whole.width == parts.width)
        #expect(whole.lowest == parts.lowest && whole.highest == parts.highest)
        #expect(whole.zeros == parts.zeros && whole.count == parts.count)
        #expect(whole.bins.reduce(0, +) == whole.count && whole.count + whole.zeros == values.count)
        for method in RangeMethod.allCases {
            #expect(ActivationRange(whole, method: method) == ActivationRange(parts, method: method))
        }
    }

    @Test func binsHoldWhatTheySay() throws {
        // 1,500 lies below 2,048, so that bins are 1 wide.
        let histogram = try histogram([[1_500, 0.5, -0.5, -1, .nan, .infinity, 0]])
        #expect(histogram.width == 1)
        #expect(histogram.bins[ActivationHistogram.side + 1_500] == 1)
        #expect(histogram.bins[ActivationHistogram.side] == 1)
        #expect(histogram.bins[ActivationHistogram.side - 1] == 2)
        #expect(histogram.zeros == 1 && histogram.strays == 2)
    }

    @Test func rangesOfEachMethod() throws {
        // Uniform on 0…1 with one outlier at 100 in a million.
        var values = (0..<1_000_000).map { Float($0) / 1_000_000 }
        values[7] = 100
        let histogram = try histogram([values[...]])
        let all = try #require(ActivationRange(histogram, method: .minmax))
        #expect(all.lowest == 0 && all.highest == 100)
        let percentile = try #require(ActivationRange(histogram, method: .percentile))
        #expect(percentile.highest <= 1 + histogram.width && percentile.highest > 0.9)
        for method in [RangeMethod.mse, .auto] {
            let range = try #require(ActivationRange(histogram, method: method))
            #expect(range.highest < 100 && range.highest >= 1 && range.lowest == 0)
        }
        #expect(ActivationRange(ActivationHistogram(), method: .auto) == nil)
    }

    @Test func aConstantTensorHasARange() throws {
        let zero = try #require(ActivationRange(histogram([[0, 0]]), method: .auto))
        #expect(zero.lowest == 0 && zero.highest == 0)
        let constant = try #require(ActivationRange(histogram([[-2, -2]]), method: .auto))
        #expect(constant.highest == 0 && constant.lowest < -1)
    }
}
