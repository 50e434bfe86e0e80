import Testing

@testable import Tensors

@Suite struct SmallFloatTests {
    struct Known: Sendable, CustomTestStringConvertible {
        let type: ElementType
        let code: UInt8
        let value: Float
        var testDescription: String { "\(type) \(code)" }
    }

    /// Worked out from exponent, mantissa and bias by hand.
    @Test(arguments: [
        Known(type: .float8E4M3FN, code: 0x38, value: 1), Known(type: .float8E4M3FN, code: 0x7E, value: 448),
        Known(type: .float8E4M3FN, code: 0x01, value: 0x1p-9), Known(type: .float8E4M3FN, code: 0xC4, value: -3),
        Known(type: .float8E4M3FNUZ, code: 0x40, value: 1), Known(type: .float8E4M3FNUZ, code: 0x7F, value: 240),
        Known(type: .float8E5M2, code: 0x3C, value: 1), Known(type: .float8E5M2, code: 0x7B, value: 57344),
        Known(type: .float8E5M2, code: 0x7C, value: .infinity), Known(type: .float8E5M2, code: 0xFC, value: -.infinity),
        Known(type: .float8E5M2FNUZ, code: 0x40, value: 1), Known(type: .float8E5M2FNUZ, code: 0x7F, value: 57344),
        Known(type: .float4E2M1, code: 1, value: 0.5), Known(type: .float4E2M1, code: 7, value: 6),
        Known(type: .float4E2M1, code: 0xA, value: -1), Known(type: .float6E2M3, code: 0x1F, value: 7.5),
        Known(type: .float6E3M2, code: 0x1F, value: 28), Known(type: .float6E3M2, code: 0x01, value: 0.0625),
    ])
    func codesStandForNumbers(_ known: Known) throws {
        let format = try #require(SmallFloat(known.type))
        #expect(format.decode(known.code) == known.value)
        if known.value.isFinite { #expect(format.encode(Double(known.value), saturates: true) == known.code) }
    }

    @Test(arguments: [
        ElementType.float8E4M3FN, .float8E4M3FNUZ, .float8E5M2, .float8E5M2FNUZ, .float4E2M1, .float6E2M3, .float6E3M2,
    ])
    func everyNumberComesBack(_ type: ElementType) throws {
        let format = try #require(SmallFloat(type))
        for code in UInt8.min...UInt8(1 << type.bitWidth - 1) {
            let value = format.decode(code)
            guard value.isFinite else { continue }
            #expect(format.encode(Double(value), saturates: false) == code)
        }
    }

    @Test func tiesGoToEvenAndTheRestToTheNearest() throws {
        let format = try #require(SmallFloat(.float4E2M1))
        // Numbers: 0, 0.5, 1, 1.5, 2, 3, 4, 6.
        let wanted: [(Double, Float)] = [(0.25, 0), (0.75, 1), (1.25, 1), (2.5, 2), (2.6, 3), (5, 4), (5.1, 6)]
        for (value, rounded) in wanted {
            #expect(format.decode(format.encode(value, saturates: true)) == rounded, "\(value)")
        }
    }

    /// 464 lies halfway between 448 and what would be 480.
    @Test func whatIsTooLargeSaturatesOrNot() throws {
        let format = try #require(SmallFloat(.float8E4M3FN))
        #expect(format.decode(format.encode(464, saturates: false)) == 448)
        #expect(format.decode(format.encode(465, saturates: false)).isNaN)
        #expect(format.decode(format.encode(-1e30, saturates: true)) == -448)
        let wide = try #require(SmallFloat(.float8E5M2))
        #expect(wide.decode(wide.encode(.infinity, saturates: true)) == 57344)
        #expect(wide.decode(wide.encode(1e9, saturates: false)) == .infinity)
        let without = try #require(SmallFloat(.float8E5M2FNUZ))
        #expect(without.encode(-0.0, saturates: true) == 0)
        #expect(without.decode(without.encode(.nan, saturates: true)).isNaN)
    }

    @Test func powersOfTwo() {
        let values: [(Double, UInt8, UInt8, UInt8)] = [
            (1, 127, 127, 127), (1.25, 128, 127, 127), (1.5, 128, 127, 128), (3, 129, 128, 129), (0x1p-127, 0, 0, 0),
        ]
        for (value, up, down, nearest) in values {
            #expect(PowerOfTwo.encode(value, saturates: true, .up) == up)
            #expect(PowerOfTwo.encode(value, saturates: true, .down) == down)
            #expect(PowerOfTwo.encode(value, saturates: true, .nearest) == nearest)
        }
        #expect(PowerOfTwo.encode(1e300, saturates: true, .up) == 254)
        #expect(PowerOfTwo.encode(1e300, saturates: false, .up) == 255)
        #expect(PowerOfTwo.decode(128) == 2)
        #expect(PowerOfTwo.decode(255).isNaN)
    }

    @Test(arguments: [ElementType.int2, .uint2, .int4, .uint4, .float4E2M1, .float6E2M3, .float6E3M2])
    func packedElementsComeBack(_ type: ElementType) throws {
        let values: [Float] = type == .int2 ? [0, 1, -2, -1, 1] : [0, 1, 2, 3, 1]
        let packed = try TensorData(values, shape: [5]).cast(to: type)
        #expect(packed.byteCount == (5 * type.bitWidth + 7) / 8)
        #expect(try packed.cast(to: .float32).array(of: Float.self) == values)
    }

    @Test func numeralsAndNumbers() throws {
        let texts = ["1.5", "-INF", "+inf", "nan", "1e3"].map { Array($0.utf8) }
        let numbers = try TensorData(strings: texts, shape: [5]).cast(to: .float32).array(of: Float.self)
        #expect(numbers[0] == 1.5 && numbers[1] == -.infinity && numbers[2] == .infinity && numbers[4] == 1000)
        #expect(numbers[3].isNaN)
        let back = try TensorData([0.1, -.infinity, .nan] as [Float]).cast(to: .string)
        #expect(back.strings == ["0.1", "-INF", "NaN"].map { Array($0.utf8) })
        let largest = try TensorData(strings: [Array("18446744073709551615".utf8)], shape: [1]).cast(to: .uint64)
        #expect(try largest.array(of: UInt64.self) == [.max])
        #expect(throws: CNNOptError.self) {
            try TensorData(strings: [Array("ten".utf8)], shape: [1]).cast(to: .int32)
        }
    }
}
