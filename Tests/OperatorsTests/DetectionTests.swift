import GraphIR
import Operators
import TestSupport
import Tensors
import Testing

/// Boxes and regions of interest.
@Suite struct DetectionTests {
    private func suppress(
        _ boxes: [Float],
        _ scores: [Float],
        most: Int64 = 10,
        overlap: Float = 0.5,
        above score: Float? = nil,
        centred: Int = 0
    ) throws -> [Int64] {
        let inputs: [TensorData?] = [
            try TensorData(boxes, shape: [1, boxes.count / 4, 4]), try TensorData(scores, shape: [1, 1, scores.count]),
            try TensorData([most]), try TensorData([overlap]), try score.map { try TensorData([$0]) },
        ]
        let attributes = [Attribute("center_point_box", centred)]
        let result = try runOperator("NonMaxSuppression", inputs: inputs, attributes: attributes, opset: 11)[0]
        #expect(result.shape.last == 3)
        return try result.array(of: Int64.self).enumerated().filter { $0.offset % 3 == 2 }.map(\.element)
    }

    /// Boxes 0 and 1 overlap by 9 / 11, box 2 stands apart; corners in any order.
    private let boxes: [Float] = [0, 0, 1, 1, 1, 1.1, 0, 0.1, 0, 5, 1, 6]

    @Test func theBetterOfTwoStays() throws {
        #expect(try suppress(boxes, [0.5, 0.9, 0.7]) == [1, 2])
        #expect(try suppress(boxes, [0.5, 0.9, 0.7], overlap: 0.85) == [1, 2, 0])
        #expect(try suppress(boxes, [0.5, 0.9, 0.7], most: 1) == [1])
        #expect(try suppress(boxes, [0.5, 0.9, 0.7], above: 0.8) == [1])
        #expect(try suppress(boxes, [0.5, 0.5, 0.5]) == [0, 2])
        #expect(try suppress(boxes, [.nan, 0.1, 0.2]) == [2, 1])
        #expect(try suppress(boxes, [0.5, 0.9, 0.7], most: 0) == [])
    }

    @Test func centresAndSizes() throws {
        let centred: [Float] = [0.5, 0.5, 1, 1, 0.6, 0.5, 1, 1, 5.5, 0.5, 1, 1]
        #expect(try suppress(centred, [0.5, 0.9, 0.7], centred: 1) == [1, 2])
    }

    /// An image whose elements are 10 · row + column.
    private func ramp(_ size: Int) throws -> TensorData {
        try TensorData((0..<size * size).map { Float($0 / size * 10 + $0 % size) }, shape: [1, 1, size, size])
    }

    @Test func regionsAreReadBetweenElements() throws {
        let regions = try TensorData([1, 1, 3, 3] as [Float], shape: [1, 4])
        let images = try TensorData([0] as [Int64])
        func run(_ attributes: [Attribute], _ opset: Int) throws -> [Float] {
            try runOperator("RoiAlign", inputs: [ramp(5), regions, images], attributes: attributes, opset: opset)[0]
                .array(of: Float.self)
        }
        let one = [Attribute("sampling_ratio", 1)]
        // The middle of the region: place 2, moved by half an element from operator set 16 on.
        #expect(try run(one, 10) == [22])
        #expect(try run(one, 16) == [16.5])
        let four = [Attribute("output_height", 2), Attribute("output_width", 2), Attribute("sampling_ratio", 2)]
        #expect(try run(four, 10) == [16.5, 17.5, 26.5, 27.5])
        #expect(try run([Attribute("output_height", 2)], 10) == [17, 27])
    }

    @Test func regionsOutsideReadZero() throws {
        let regions = try TensorData([90, 90, 95, 95, -9, -9, -5, -5] as [Float], shape: [2, 4])
        let images = try TensorData([0, 0] as [Int64])
        let y = try runOperator("RoiAlign", inputs: [ramp(3), regions, images], opset: 16)[0]
        #expect(try y.array(of: Float.self) == [0, 0])
        for hostile in [Float.nan, .infinity, 1e38] {
            let bad = try TensorData([0, 0, hostile, 1], shape: [1, 4])
            #expect(throws: CNNOptError.self) {
                try runOperator("RoiAlign", inputs: [ramp(3), bad, TensorData([0] as [Int64])], opset: 16)
            }
        }
        #expect(throws: CNNOptError.self) {
            try runOperator("RoiAlign", inputs: [ramp(3), regions, TensorData([0, 1] as [Int64])], opset: 16)
        }
    }

    @Test func largestOfEachCell() throws {
        let regions = try TensorData([0, 0, 0, 3, 3, 0, 2, 2, 9, 9] as [Float], shape: [2, 5])
        let y = try runOperator(
            "MaxRoiPool",
            inputs: [ramp(5), regions],
            attributes: [Attribute("pooled_shape", [2, 2])]
        )[0]
        #expect(y.shape == [2, 1, 2, 2])
        #expect(try y.array(of: Float.self) == [11, 13, 31, 33, 44, 0, 0, 0])
    }

    @Test func poolsAreUndone() throws {
        let x = try TensorData([5, 6, 7, 8] as [Float], shape: [1, 1, 2, 2])
        let places = try TensorData([5, 7, 13, 15] as [Int64], shape: [1, 1, 2, 2])
        let attributes = [Attribute("kernel_shape", [2, 2]), Attribute("strides", [2, 2])]
        let y = try runOperator("MaxUnpool", inputs: [x, places], attributes: attributes)[0]
        var wanted = [Float](repeating: 0, count: 16)
        for (place, value) in [(5, 5), (7, 6), (13, 7), (15, 8)] { wanted[place] = Float(value) }
        #expect(y.shape == [1, 1, 4, 4])
        #expect(try y.array(of: Float.self) == wanted)
        // Into a larger image the places keep row and column.
        let larger = try runOperator(
            "MaxUnpool",
            inputs: [x, places, TensorData([1, 1, 5, 5] as [Int64])],
            attributes: attributes
        )[0]
        #expect(try larger.array(of: Float.self)[6...8] == [5, 0, 6])
        #expect(throws: CNNOptError.self) {
            try runOperator(
                "MaxUnpool",
                inputs: [x, TensorData([5, 7, 13, 16] as [Int64], shape: [1, 1, 2, 2])],
                attributes: attributes
            )
        }
    }
}
