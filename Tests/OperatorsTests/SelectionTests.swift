import GraphIR
import Operators
import TestSupport
import Tensors
import Testing

@Suite struct SelectionTests {
    private func bools(_ values: [UInt8], _ shape: [Int]) throws -> TensorData {
        try .make(UInt8.self, as: .bool, shape: shape) { (target) throws(CNNOptError) in
            for (i, value) in values.enumerated() { target[i] = value }
        }
    }

    @Test func whereBroadcastsAllThree() throws {
        let condition = try bools([1, 0, 2], [3])
        let a = try TensorData([1, 2] as [Float], shape: [2, 1])
        let b = try TensorData([Float(9)], shape: [])
        let result = try runOperator("Where", inputs: [condition, a, b])[0]
        #expect(result.shape == [2, 3])
        #expect(try result.array(of: Float.self) == [1, 9, 1, 2, 9, 2])
        let words = try runOperator(
            "Where",
            inputs: [condition, TensorData(strings: [[65]], shape: []), TensorData(strings: [[66]], shape: [])]
        )[0]
        #expect(words.strings == [[65], [66], [65]])
    }

    @Test func comparisonsGiveBools() throws {
        let a = try TensorData([1, 2, 3, .nan] as [Float])
        let b = try TensorData([2, 2, 2, .nan] as [Float])
        let expected: [(String, [UInt8])] = [
            ("Equal", [0, 1, 0, 0]), ("Less", [1, 0, 0, 0]), ("LessOrEqual", [1, 1, 0, 0]), ("Greater", [0, 0, 1, 0]),
            ("GreaterOrEqual", [0, 1, 1, 0]),
        ]
        for (type, flags) in expected {
            let result = try runOperator(type, inputs: [a, b])[0]
            #expect(result.elementType == .bool)
            #expect(try result.array(of: UInt8.self) == flags, "\(type)")
        }
    }

    /// Any byte but zero is true.
    @Test func logicReadsAnyByteButZeroAsTrue() throws {
        let (a, b) = (try bools([0, 0, 1, 4], [4]), try bools([0, 2, 0, 1], [4]))
        #expect(try runOperator("And", inputs: [a, b])[0].array(of: UInt8.self) == [0, 0, 0, 1])
        #expect(try runOperator("Or", inputs: [a, b])[0].array(of: UInt8.self) == [0, 1, 1, 1])
        #expect(try runOperator("Xor", inputs: [a, b])[0].array(of: UInt8.self) == [0, 1, 1, 0])
        #expect(try runOperator("Not", inputs: [a])[0].array(of: UInt8.self) == [1, 1, 0, 0])
        #expect(try runOperator("Equal", inputs: [a, b])[0].array(of: UInt8.self) == [1, 0, 0, 1])
    }

    @Test func infinitiesAndNotNumbers() throws {
        let x = try TensorData([-.infinity, .infinity, .nan, 1] as [Float])
        #expect(try runOperator("IsNaN", inputs: [x])[0].array(of: UInt8.self) == [0, 0, 1, 0])
        #expect(try runOperator("IsInf", inputs: [x])[0].array(of: UInt8.self) == [1, 1, 0, 0])
        let positive = try runOperator("IsInf", inputs: [x], attributes: [Attribute("detect_negative", 0)])[0]
        #expect(try positive.array(of: UInt8.self) == [0, 1, 0, 0])
    }
}
