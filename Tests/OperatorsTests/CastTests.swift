import GraphIR
import Operators
import TestSupport
import Tensors
import Testing

@Suite struct CastTests {
    static let numeric: [ElementType] = [
        .float32, .float64, .float16, .bfloat16, .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64,
        .bool,
    ]

    private func cast(_ tensor: TensorData, to type: ElementType) throws -> TensorData {
        try runOperator("Cast", inputs: [tensor], attributes: [Attribute("to", Int(type.rawValue))])[0]
    }

    @Test(arguments: numeric, numeric)
    func smallNumbersSurvive(_ source: ElementType, _ target: ElementType) throws {
        let numbers: [Double] = source == .bool || target == .bool ? [0, 1] : [0, 1, 2, 100]
        let start = try TensorData(numbers, shape: [numbers.count]).cast(to: source)
        #expect(start.elementType == source)
        let result = try cast(start, to: target)
        #expect(result.elementType == target)
        #expect(try result.doubles() == numbers)
    }

    @Test func floatsAreCutAndClamped() throws {
        let x = try TensorData([-1.9, 1.9, 1e30, -1e30, .nan, .infinity] as [Float])
        #expect(try cast(x, to: .int8).array(of: Int8.self) == [-1, 1, 127, -128, 0, 127])
        #expect(try cast(x, to: .int64).array(of: Int64.self) == [-1, 1, .max, .min, 0, .max])
        #expect(try cast(x, to: .uint8).array(of: UInt8.self) == [0, 1, 255, 0, 0, 255])
        #expect(try cast(x, to: .uint64).array(of: UInt64.self) == [0, 1, .max, 0, 0, .max])
        #expect(try cast(x, to: .bool).array(of: UInt8.self) == [1, 1, 1, 1, 1, 1])
    }

    /// 2²⁴ + 1 has no float; 2⁵³ + 1 has no double. Between integer types bits are dropped.
    @Test func integersRoundOrWrap() throws {
        let x = try TensorData([1 << 24 + 1, 1 << 53 + 1, -1, 300] as [Int64])
        #expect(try cast(x, to: .float32).array(of: Float.self) == [Float(1 << 24), Float(1 << 53), -1, 300])
        #expect(try cast(x, to: .uint8).array(of: UInt8.self) == [1, 1, 255, 44])
        let half = try cast(TensorData([2049, 1e6] as [Float]), to: .float16).array(of: Float16.self)
        #expect(half == [2048, .infinity])
    }

    @Test func nibblesArePackedLowHalfFirst() throws {
        let x = try TensorData([1, -2, 7] as [Int8])
        let packed = try cast(x, to: .int4)
        #expect(packed.byteCount == 2)
        #expect(try cast(packed, to: .int8).isIdentical(to: x))
        #expect(try cast(packed, to: .float32).array(of: Float.self) == [1, -2, 7])
    }

    @Test func theSecondInputNamesTheType() throws {
        let x = try TensorData([1.5] as [Float])
        let y = try TensorData(zeros: .int32, shape: [2, 2])
        #expect(try runOperator("CastLike", inputs: [x, y])[0].array(of: Int32.self) == [1])
    }

    @Test(arguments: [0, 99, Int.max])
    func anUnknownTypeNumberIsNamed(_ number: Int) throws {
        let error = #expect(throws: CNNOptError.self) {
            try runOperator("Cast", inputs: [try TensorData([Float(1)])], attributes: [Attribute("to", number)])
        }
        #expect(error?.exitStatus == 69)
        #expect(error?.message.contains("\(number)") == true)
    }
}
