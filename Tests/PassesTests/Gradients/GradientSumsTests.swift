import Tensors
import Testing

@testable import Passes

@Suite struct GradientSumsTests {
    /// Each place of a tensor against sums over the places that the definition names.
    @Test(arguments: [([3, 4, 5, 2], 1), ([3, 5, 4], 2), ([2, 6], 1), ([2, 3, 4, 5], 2)], [true, false])
    func sumsAreThoseOfTheDefinition(_ form: (shape: [Int], axis: Int), _ isDouble: Bool) throws {
        let (shape, axis) = form
        var generator = SeededGenerator(seed: 6)
        let values = (0..<shape.reduce(1, *)).map { _ in Double(Float(generator.uniform() - 0.3)) }
        let tensor = try TensorData(doubles: values, as: isDouble ? .float64 : .float32, shape: shape)
        let sums = try GradientSums(tensor, axis: axis, first: 3)
        let inner = shape[(axis + 1)...].reduce(1, *)
        let (rows, positions) = (values.count / shape[0], values.count / shape[0] / shape[axis])
        #expect(sums.positions == positions)
        for channel in 0..<shape[axis] {
            var (squares, odd, between, within) = (0.0, 0.0, 0.0, 0.0)
            for sample in 0..<shape[0] {
                let own = values.indices.filter { $0 / rows == sample && $0 / inner % shape[axis] == channel }
                let mean = own.reduce(0) { $0 + values[$1] } / Double(positions)
                squares += own.reduce(0) { $0 + values[$1] * values[$1] }
                if sample % 2 == 0 { odd += own.reduce(0) { $0 + values[$1] * values[$1] } }
                between += mean * mean * Double(positions * positions)
                within += own.reduce(0) { $0 + (values[$1] - mean) * (values[$1] - mean) }
            }
            #expect(abs(sums.squares[channel] - squares) < 1e-9)
            #expect(abs(sums.oddSquares[channel] - odd) < 1e-9)
            #expect(abs(sums.between[channel] - between) < 1e-9)
            #expect(abs(sums.within[channel] - within) < 1e-9)
        }
    }
}
