import GraphIR
import Operators
import TestSupport
import Tensors
import Testing

@Suite struct QuantizationTests {
    @Test func halvesGoToEvenAndEndsSaturate() throws {
        let x = try TensorData([0.5, 1.5, 2.5, -0.5, -1.5, 1e9, -1e9, .infinity, 200.4] as [Float])
        let scale = try TensorData([1] as [Float], shape: [])
        let zero = try TensorData([0] as [Int8], shape: [])
        let y = try runOperator("QuantizeLinear", inputs: [x, scale, zero])[0]
        #expect(try y.array(of: Int8.self) == [0, 2, 2, 0, -2, 127, -128, 127, 127])
        let unsigned = try runOperator("QuantizeLinear", inputs: [x, scale])[0]
        #expect(try unsigned.array(of: UInt8.self) == [0, 2, 2, 0, 0, 255, 0, 255, 200])
    }

    @Test func aZeroPointShiftsAfterRounding() throws {
        let x = try TensorData([-1, 0, 0.24, 0.26, 63.5] as [Float])
        let (scale, zero) = (try TensorData([0.5] as [Float], shape: []), try TensorData([3] as [UInt8], shape: []))
        let y = try runOperator("QuantizeLinear", inputs: [x, scale, zero])[0]
        #expect(try y.array(of: UInt8.self) == [1, 3, 3, 4, 130])
        let back = try runOperator("DequantizeLinear", inputs: [y, scale, zero])[0]
        #expect(try back.array(of: Float.self) == [-1, 0, 0, 0.5, 63.5])
    }

    @Test func notANumberIsNoTrap() throws {
        let x = try TensorData([Float.nan, -Float.nan, 1])
        for scale in [0, 1, Float.nan] {
            let y = try runOperator("QuantizeLinear", inputs: [x, TensorData([scale], shape: [])])[0]
            #expect(y.count == 3)
        }
    }

    @Test(arguments: [1, -2]) func scalesRunAlongTheirAxis(_ axis: Int) throws {
        let x = try TensorData([1, 2, 3, 4, 5, 6, 7, 8] as [Float], shape: [2, 2, 2])
        let scale = try TensorData([1, 2] as [Float])
        let zero = try TensorData([0, 10] as [Int16])
        let attributes = [Attribute("axis", axis)]
        let y = try runOperator("QuantizeLinear", inputs: [x, scale, zero], attributes: attributes, opset: 21)[0]
        #expect(try y.array(of: Int16.self) == [1, 2, 12, 12, 5, 6, 14, 14])
        let back = try runOperator("DequantizeLinear", inputs: [y, scale, zero], attributes: attributes, opset: 21)[0]
        #expect(try back.array(of: Float.self) == [1, 2, 4, 4, 5, 6, 8, 8])
    }

    @Test func integersOf32BitsDequantize() throws {
        let x = try TensorData([-7, 0, 1 << 20] as [Int32])
        let y = try runOperator("DequantizeLinear", inputs: [x, TensorData([0.25] as [Float], shape: [])])[0]
        #expect(try y.array(of: Float.self) == [-1.75, 0, 262144])
    }

    @Test func blocksHaveTheirOwnScales() throws {
        let x = try TensorData([1, 2, 3, 4, 5, 6] as [Int8], shape: [1, 3, 2])
        let scale = try TensorData([1, 2, 10, 20] as [Float], shape: [1, 2, 2])
        let attributes = [Attribute("axis", 1), Attribute("block_size", 2)]
        let y = try runOperator("DequantizeLinear", inputs: [x, scale], attributes: attributes, opset: 21)[0]
        #expect(try y.array(of: Float.self) == [1, 4, 3, 8, 50, 120])
    }

    @Test(arguments: [[1, 3], [5]]) func scalesThatDoNotFitAreRefused(_ shape: [Int]) throws {
        let x = try TensorData(zeros: .float32, shape: [2, 3])
        #expect(throws: CNNOptError.self) {
            try runOperator("QuantizeLinear", inputs: [x, TensorData(zeros: .float32, shape: shape)])
        }
    }

    @Test func scalesBelongToTheirChannels() throws {
        let quantize = try site("DequantizeLinear", [[4, 3, 2], [3], [3]], [Attribute("axis", -2)])
        let links = try definition(quantize).coupling(quantize).links
        for port in 1...2 {
            #expect(links.contains(.init(.init(.input(port), 0), .init(.output(0), 1), count: 3)))
        }
        let whole = try site("DequantizeLinear", [[4, 3, 2], []])
        #expect(try definition(whole).coupling(whole).links.count == 3)
    }
}
