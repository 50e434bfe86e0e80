import GraphIR
import Operators
import TestSupport
import Tensors
import Testing

/// Reading images at places between their elements.
@Suite struct SamplingTests {
    private let image: TensorData

    init() throws { image = try TensorData([1, 2, 3, 4] as [Float], shape: [1, 1, 2, 2]) }

    private func sample(
        _ places: [Float],
        _ attributes: [Attribute] = [],
        opset: Int = 20
    ) throws -> [Float] {
        let grid = try TensorData(places, shape: [1, 1, places.count / 2, 2])
        return try runOperator("GridSample", inputs: [image, grid], attributes: attributes, opset: opset)[0]
            .array(of: Float.self)
    }

    @Test func placesBetweenElements() throws {
        let corners = Attribute("align_corners", 1)
        #expect(try sample([-1, -1, 1, -1, -1, 1, 1, 1, 0, 0], [corners]) == [1, 2, 3, 4, 2.5])
        // The ends are the outer edges: outside, zeros are mixed in.
        #expect(try sample([-1, -1, 0, 0, -0.5, -0.5, 1, 0]) == [0.25, 2.5, 1, 1.5])
        #expect(try sample([0, 0], [Attribute("mode", "bilinear")], opset: 16) == [2.5])
    }

    @Test func whatLiesOutside() throws {
        let far: [Float] = [-3, -0.5, 3, 0.5]
        #expect(try sample(far) == [0, 0])
        #expect(try sample(far, [Attribute("padding_mode", "border")]) == [1, 4])
        // Places 2 and 3 are 0.5 and 1.5 beyond the right edge: back at 1 and 0.
        #expect(try sample([1.5, -0.5, 2.5, -0.5], [Attribute("padding_mode", "reflection")]) == [2, 1])
        let strange: [Float] = [.nan, .infinity, -.infinity, 1e30]
        for padding in ["zeros", "border", "reflection"] {
            for mode in ["nearest", "linear", "cubic"] {
                let result = try sample(strange, [Attribute("padding_mode", padding), Attribute("mode", mode)])
                #expect(result.count == 2)
            }
        }
    }

    @Test func nearestTakesTheEvenOne() throws {
        let attributes = [Attribute("mode", "nearest"), Attribute("align_corners", 1)]
        // Place 0.5 of both axes.
        #expect(try sample([0, 0, 0.1, -1], attributes) == [1, 2])
    }

    /// Weights of a cubic with a = −0.75 at 0.25: −0.10547, 0.87891, 0.26172 and −0.03516.
    @Test func cubicsMixFourNeighbours() throws {
        let x = try TensorData((0..<6).map { Float($0) }, shape: [1, 1, 6])
        let grid = try TensorData([0, -0.1] as [Float], shape: [1, 2, 1])
        let attributes = [Attribute("mode", "cubic"), Attribute("align_corners", 1)]
        let y = try runOperator("GridSample", inputs: [x, grid], attributes: attributes, opset: 20)[0]
        for (value, wanted) in zip(try y.array(of: Float.self), [2.5, 2.296875] as [Float]) {
            #expect(abs(value - wanted) < 1e-5)
        }
    }

    @Test func threeAxesAndSeveralChannels() throws {
        let x = try TensorData((0..<16).map { Float($0) }, shape: [1, 2, 2, 2, 2])
        let grid = try TensorData([0, 0, 0, 1, -1, 1] as [Float], shape: [1, 1, 1, 2, 3])
        let y = try runOperator(
            "GridSample",
            inputs: [x, grid],
            attributes: [Attribute("align_corners", 1)],
            opset: 20
        )[0]
        #expect(y.shape == [1, 2, 1, 1, 2])
        // The second place is x = 1, y = 0, z = 1.
        #expect(try y.array(of: Float.self) == [3.5, 5, 11.5, 13])
    }

    @Test func gridsThatDoNotFitAreRefused() throws {
        for shape in [[1, 1, 1, 3], [2, 1, 1, 2], [1, 1, 2]] {
            #expect(throws: CNNOptError.self) {
                try runOperator("GridSample", inputs: [image, TensorData(zeros: .float32, shape: shape)])
            }
        }
    }

    @Test func affineGrids() throws {
        let turn = try TensorData([0, -1, 0.5, 1, 0, 0] as [Float], shape: [1, 2, 3])
        let size = try TensorData([1, 1, 2, 3] as [Int64])
        let corners = try runOperator(
            "AffineGrid",
            inputs: [turn, size],
            attributes: [Attribute("align_corners", 1)],
            opset: 20
        )[0]
        #expect(corners.shape == [1, 2, 3, 2])
        // Points x, y in −1 … 1 become 0.5 − y, x.
        #expect(try corners.array(of: Float.self) == [1.5, -1, 1.5, 0, 1.5, 1, -0.5, -1, -0.5, 0, -0.5, 1])
        let edges = try runOperator("AffineGrid", inputs: [turn, size], constants: [1], opset: 20)[0]
        let first = try edges.array(of: Float.self)[..<2]
        #expect(abs(first[0] - 1) < 1e-6 && abs(first[1] + 2 / 3) < 1e-6)
    }

    @Test func columnsAddUp() throws {
        // Blocks of 2 in a line of 3: places 0 1 and 1 2.
        let columns = try TensorData([1, 2, 10, 20] as [Float], shape: [1, 2, 2])
        let y = try runOperator(
            "Col2Im",
            inputs: [columns, TensorData([1, 3] as [Int64]), TensorData([1, 2] as [Int64])],
            opset: 18
        )[0]
        #expect(y.shape == [1, 1, 1, 3])
        #expect(try y.array(of: Float.self) == [1, 12, 20])
        #expect(throws: CNNOptError.self) {
            try runOperator(
                "Col2Im",
                inputs: [columns, TensorData([1, 4] as [Int64]), TensorData([1, 2] as [Int64])]
            )
        }
    }

    @Test func offsetsMoveTaps() throws {
        let x = try TensorData((0..<9).map { Float($0) }, shape: [1, 1, 3, 3])
        let w = try TensorData([1, 1, 1, 1] as [Float], shape: [1, 1, 2, 2])
        let none = try TensorData(zeros: .float32, shape: [1, 8, 2, 2])
        let still = try runOperator("DeformConv", inputs: [x, w, none], opset: 19)[0]
        #expect(try still.array(of: Float.self) == [8, 12, 20, 24])
        // Every tap half an element to the right: the last column has zeros beyond it.
        var moves = [Float](repeating: 0, count: 32)
        for tap in 0..<4 { for place in 0..<4 { moves[(2 * tap + 1) * 4 + place] = 0.5 } }
        let moved = try TensorData(moves, shape: [1, 8, 2, 2])
        let y = try runOperator("DeformConv", inputs: [x, w, moved], opset: 19)[0]
        #expect(try y.array(of: Float.self) == [10, 9.5, 22, 18.5])
        let mask = try TensorData([Float](repeating: 0.5, count: 16), shape: [1, 4, 2, 2])
        let bias = try TensorData([1] as [Float])
        let half = try runOperator("DeformConv", inputs: [x, w, none, bias, mask], opset: 19)[0]
        #expect(try half.array(of: Float.self) == [5, 7, 11, 13])
        #expect(throws: CNNOptError.self) {
            try runOperator("DeformConv", inputs: [x, w, TensorData(zeros: .float32, shape: [1, 6, 2, 2])])
        }
    }
}
