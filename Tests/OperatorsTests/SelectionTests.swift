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

@Suite struct ExtremeTests {
    private let x: TensorData

    init() throws { x = try TensorData([1, 5, 5, 2, 7, .nan, .nan, 3, -1] as [Float], shape: [3, 3]) }

    @Test func indicesOfExtremes() throws {
        func run(_ type: String, _ attributes: [Attribute]) throws -> TensorData {
            try runOperator(type, inputs: [x], attributes: attributes)[0]
        }
        let last = Attribute("select_last_index", 1)
        #expect(try run("ArgMax", [Attribute("axis", 1)]).array(of: Int64.self) == [1, 2, 0])
        #expect(try run("ArgMax", [Attribute("axis", 1), last]).array(of: Int64.self) == [2, 2, 0])
        #expect(try run("ArgMax", []).array(of: Int64.self) == [2, 1, 1])
        #expect(try run("ArgMin", [Attribute("axis", -1)]).array(of: Int64.self) == [0, 2, 0])
        #expect(try run("ArgMin", [Attribute("keepdims", 0)]).shape == [3])
        #expect(throws: CNNOptError.self) { try run("ArgMax", [Attribute("axis", 2)]) }
        #expect(throws: CNNOptError.self) {
            try runOperator("ArgMax", inputs: [TensorData(zeros: .float32, shape: [0, 2])])
        }
    }

    @Test func largestFirstAndTheEarlierOfEqualOnes() throws {
        let two = try TensorData([Int64(2)])
        let largest = try runOperator("TopK", inputs: [x, two], outputCount: 2)
        #expect(largest[1].shape == [3, 2])
        #expect(try largest[1].array(of: Int64.self) == [1, 2, 2, 1, 0, 1])
        let smallest = try runOperator(
            "TopK",
            inputs: [x, two],
            attributes: [Attribute("largest", 0), Attribute("axis", 0)],
            outputCount: 2
        )
        #expect(try smallest[1].array(of: Int64.self) == [0, 2, 2, 1, 0, 0])
        let whole = try runOperator(
            "TopK",
            inputs: [TensorData([3, 9, 9] as [UInt8])],
            attributes: [Attribute("k", 2)],
            outputCount: 2,
            opset: 9
        )
        #expect(try whole[0].array(of: UInt8.self) == [9, 9])
        #expect(try whole[1].array(of: Int64.self) == [1, 2])
    }

    @Test(arguments: [-1, 4, Int64.max])
    func tooManyAskedForIsAnError(_ k: Int64) throws {
        let count = try TensorData([k])
        #expect(throws: CNNOptError.self) { try runOperator("TopK", inputs: [x, count], outputCount: 2) }
        #expect(throws: CNNOptError.self) {
            try runOperator("TopK", inputs: [x, count], constants: [1], outputCount: 2)
        }
    }

    @Test func runningSums() throws {
        let x = try TensorData([1, 2, 3, 4, 5, 6] as [Int32], shape: [2, 3])
        func run(_ axis: Int64, _ attributes: [Attribute]) throws -> [Int32] {
            try runOperator("CumSum", inputs: [x, TensorData([axis], shape: [])], attributes: attributes)[0]
                .array(of: Int32.self)
        }
        let (reverse, exclusive) = (Attribute("reverse", 1), Attribute("exclusive", 1))
        #expect(try run(0, []) == [1, 2, 3, 5, 7, 9])
        #expect(try run(-1, []) == [1, 3, 6, 4, 9, 15])
        #expect(try run(1, [reverse]) == [6, 5, 3, 15, 11, 6])
        #expect(try run(1, [exclusive]) == [0, 1, 3, 0, 4, 9])
        #expect(try run(1, [reverse, exclusive]) == [5, 3, 0, 11, 6, 0])
        #expect(throws: CNNOptError.self) { try run(2, []) }
    }
}
