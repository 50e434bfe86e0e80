import Foundation
import Testing

@testable import Tensors

@Suite struct LogarithmicStepTests {
    @Test(arguments: -40...40)
    func fourStepsMakeAnOctave(_ number: Int) {
        let step = Double(LogarithmicStep.step(number))
        #expect(abs(log2(step) - Double(number) / 4) < 1e-7)
        #expect(LogarithmicStep.step(number + 4) == LogarithmicStep.step(number) * 2)
    }

    private func grid(_ values: [Float], _ shape: [Int]) throws -> UniformGrid? {
        try values.withUnsafeBytes { bytes in
            let base = try #require(bytes.baseAddress)
            guard let grid = SliceGridSearch.grid(base, values.count, shape, axis: 0) else { return nil }
            return GridShiftSearch.shifted(grid, base, values.count) ?? grid
        }
    }

    /// A row of a depthwise convolution has nine numbers, of ten bits and more where they matter.
    @Test(arguments: [4, 9, 40], [3, 11, 14])
    func fewNumbersOfManyBitsAreOnTheirGrid(_ length: Int, _ bits: Int) throws {
        var generator = SeededGenerator(seed: UInt64(length * 31 + bits))
        let rows = 12
        let steps = (0..<rows).map { LogarithmicStep.step(-30 + $0) }
        let values = (0..<rows * length).map { index -> Float in
            let multiple = generator.index(below: 2 << bits) - (1 << bits)
            return Float(Double(multiple) * Double(steps[index / length]))
        }
        let grid = try #require(try grid(values, [rows, length]))
        for (index, value) in values.enumerated() {
            let step = grid.steps[index / length]
            let multiple = UniformGrid.multiple(of: step, value)
            #expect(Float(Double(multiple) * step) == value)
            #expect(multiple.magnitude <= 1 << 16)
        }
    }

    @Test func ordinaryNumbersAreOnNoGrid() throws {
        var generator = SeededGenerator(seed: 4)
        let values = (0..<64).map { _ in Float(generator.uniform() - 0.5) }
        #expect(try grid(values, [4, 16]) == nil)
    }
}
