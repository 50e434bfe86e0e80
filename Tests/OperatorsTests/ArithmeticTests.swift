import GraphIR
import Operators
import TestSupport
import Tensors
import Testing

@Suite struct ArithmeticTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let type: String
        var attributes: [Attribute] = []
        let a: [Int64]
        let b: [Int64]
        let result: [Int64]
        var testDescription: String { type }
    }

    @Test(arguments: [
        Case(type: "Sub", a: [5, -5], b: [7, 2], result: [-2, -7]),
        Case(type: "Mul", a: [5, -5], b: [3], result: [15, -15]),
        Case(type: "Div", a: [7, -7, 7, -7], b: [2, 2, -2, -2], result: [3, -3, -3, 3]),
        Case(type: "Div", a: [.min], b: [-1], result: [.min]),
        Case(type: "Mod", a: [7, -7, 7, -7], b: [3, 3, -3, -3], result: [1, 2, -2, -1]),
        Case(type: "Mod", attributes: [Attribute("fmod", 1)], a: [7, -7, 7], b: [3, 3, -3], result: [1, -1, 1]),
        Case(type: "Mod", a: [.min], b: [-1], result: [0]),
        Case(type: "Pow", a: [2, -3, 5, -1, 7], b: [10, 3, 0, -3, -2], result: [1024, -27, 1, -1, 0]),
        Case(type: "Min", a: [1, -4], b: [0], result: [0, -4]),
        Case(type: "Max", a: [1, -4], b: [0], result: [1, 0]),
        Case(type: "BitwiseAnd", a: [12], b: [10], result: [8]),
        Case(type: "BitwiseOr", a: [12], b: [10], result: [14]),
        Case(type: "BitwiseXor", a: [12], b: [-1], result: [-13]),
    ])
    func integers(_ test: Case) throws {
        let result = try runOperator(
            test.type,
            inputs: [TensorData(test.a), TensorData(test.b)],
            attributes: test.attributes,
            opset: 18
        )[0]
        #expect(try result.array(of: Int64.self) == test.result)
    }

    @Test(arguments: ["Div", "Mod"])
    func anIntegerDivisorOfZeroIsAnError(_ type: String) throws {
        for zero in [try TensorData([0] as [Int64]), try TensorData([0] as [UInt64])] {
            let one = try TensorData([1] as [Int64]).cast(to: zero.elementType)
            let error = #expect(throws: CNNOptError.self) { try runOperator(type, inputs: [one, zero]) }
            #expect(error?.location.node == "node")
            #expect(error?.message.contains("zero") == true)
        }
    }

    @Test func unsignedNumbersAreNotReadAsSigned() throws {
        let large = try TensorData([UInt64.max, 4])
        let two = try TensorData([2] as [UInt64])
        #expect(try runOperator("Div", inputs: [large, two])[0].array(of: UInt64.self) == [UInt64.max / 2, 2])
        #expect(try runOperator("Max", inputs: [large, two])[0].array(of: UInt64.self) == [UInt64.max, 4])
        #expect(try runOperator("Min", inputs: [large, two])[0].array(of: UInt64.self) == [2, 2])
        #expect(try runOperator("Abs", inputs: [large])[0].array(of: UInt64.self) == [UInt64.max, 4])
        #expect(try runOperator("Sign", inputs: [large])[0].array(of: UInt64.self) == [1, 1])
        #expect(try runOperator("Greater", inputs: [large, two])[0].array(of: UInt8.self) == [1, 1])
    }

    @Test func shiftsDropWhatLeavesTheWord() throws {
        let x = try TensorData([0x81, 0xFF] as [UInt8])
        let n = try TensorData([1, 200] as [UInt8])
        let left = try runOperator("BitShift", inputs: [x, n], attributes: [Attribute("direction", "LEFT")])[0]
        let right = try runOperator("BitShift", inputs: [x, n], attributes: [Attribute("direction", "RIGHT")])[0]
        #expect(try left.array(of: UInt8.self) == [2, 0])
        #expect(try right.array(of: UInt8.self) == [0x40, 0])
    }

    /// A shift below zero or past the width leaves nothing but copies of the sign.
    @Test func signedShiftsKeepTheSign() throws {
        let x = try TensorData([-8, -8, -8, 5, 0x41] as [Int8])
        let n = try TensorData([1, 100, -1, -1, 1] as [Int8])
        func run(_ direction: String) throws -> [Int8] {
            try runOperator("BitShift", inputs: [x, n], attributes: [Attribute("direction", direction)], opset: 28)[0]
                .array(of: Int8.self)
        }
        #expect(try run("LEFT") == [-16, 0, 0, 0, -126])
        #expect(try run("RIGHT") == [-4, -1, -1, 0, 32])
    }

    @Test func remaindersOfFloatsHaveTheDivisorsSign() throws {
        let a = try TensorData([5.5, -5.5, 5.5, -1, 0] as [Float])
        let b = try TensorData([2, 2, -2, .infinity, -3] as [Float])
        let y = try runOperator("Mod", inputs: [a, b], opset: 28)[0].array(of: Float.self)
        #expect(y == [1.5, 0.5, -0.5, .infinity, 0])
        #expect(y[4].sign == .minus)
        let cut = try runOperator("Mod", inputs: [a, b], attributes: [Attribute("fmod", 1)])[0].array(of: Float.self)
        #expect(cut == [1.5, -1.5, 1.5, -1, 0])
        #expect(throws: CNNOptError.self) { try runOperator("Mod", inputs: [a, b], opset: 13) }
    }

    @Test func powersMixTypes() throws {
        let whole = try TensorData([2, 3] as [Int32])
        let real = try TensorData([0.5, 2] as [Float])
        #expect(try runOperator("Pow", inputs: [whole, real])[0].array(of: Int32.self) == [1, 9])
        #expect(try runOperator("Pow", inputs: [real, whole])[0].array(of: Float.self) == [0.25, 8])
    }

    @Test func anyNumberOfInputsBroadcast() throws {
        let inputs = [
            try TensorData([1, 2, 3] as [Float], shape: [1, 3]), try TensorData([10, 20] as [Float], shape: [2, 1]),
            try TensorData([Float(3)], shape: []),
        ]
        #expect(try runOperator("Sum", inputs: inputs)[0].array(of: Float.self) == [14, 15, 16, 24, 25, 26])
        #expect(
            try runOperator("Mean", inputs: inputs)[0].array(of: Float.self) == [14, 15, 16, 24, 25, 26].map { $0 / 3 }
        )
        #expect(try runOperator("Max", inputs: inputs)[0].array(of: Float.self) == [10, 10, 10, 20, 20, 20])
        #expect(try runOperator("Min", inputs: inputs)[0].array(of: Float.self) == [1, 2, 3, 1, 2, 3])
    }

    @Test func halfPrecisionIsRoundedOnce() throws {
        let a = try TensorData([Float16(1), 2048])
        let b = try TensorData([Float16(0.5), 1])
        #expect(try runOperator("Sub", inputs: [a, b])[0].array(of: Float16.self) == [0.5, 2047])
        #expect(try runOperator("Add", inputs: [a, b])[0].array(of: Float16.self) == [1.5, 2048])
    }

    @Test(arguments: ["Mul", "Pow", "Less"])
    func beforeVersionSevenAnAxisAligns(_ type: String) throws {
        let a = try TensorData((1...8).map(Float.init), shape: [1, 2, 2, 2])
        let b = try TensorData([2, 3] as [Float])
        let old = try runOperator(
            type,
            inputs: [a, b],
            attributes: [Attribute("broadcast", 1), Attribute("axis", 1)],
            opset: 6
        )[0]
        let new = try runOperator(type, inputs: [a, b.reshaped([2, 1, 1])], opset: 13)[0]
        #expect(old.isIdentical(to: new))
        let plain = try runOperator(type, inputs: [a, b], opset: 13)[0]
        #expect(!old.isIdentical(to: plain))
    }

    @Test func anAxisOutsideTheFirstInputIsAnError() throws {
        let (a, b) = (try TensorData(zeros: .float32, shape: [2, 2]), try TensorData(zeros: .float32, shape: [2, 2]))
        for axis in [1, 2, -3, Int.max] {
            #expect(throws: CNNOptError.self) {
                try runOperator(
                    "Add",
                    inputs: [a, b],
                    attributes: [Attribute("broadcast", 1), Attribute("axis", axis)],
                    opset: 6
                )
            }
        }
    }
}
