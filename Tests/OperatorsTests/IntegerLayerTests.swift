import GraphIR
import Operators
import TestSupport
import Tensors
import Testing

/// Products and convolutions of 8-bit integers.
@Suite struct IntegerLayerTests {
    private func scalar(_ value: Float) throws -> TensorData { try TensorData([value], shape: []) }
    private func zero<T: TensorScalar>(_ value: T) throws -> TensorData { try TensorData([value], shape: []) }

    @Test func matricesLessTheirZeroPoints() throws {
        let a = try TensorData([11, 7, 3, 10, 6, 2] as [UInt8], shape: [2, 3])
        let b = try TensorData([1, -4, 2, 5, 3, 6] as [Int8], shape: [3, 2])
        let y = try runOperator("MatMulInteger", inputs: [a, b, zero(UInt8(12)), zero(Int8(1))])[0]
        // Rows −1 −5 −9 and −2 −6 −10 times columns 0 1 2 and −5 4 5.
        #expect(try y.array(of: Int32.self) == [-23, -60, -26, -64])
        let rows = try TensorData([12, 10] as [UInt8])
        let columns = try TensorData([1, 0] as [Int8])
        let single = try runOperator("MatMulInteger", inputs: [a, b, rows, columns])[0]
        // The second row becomes 0 −4 −8, the second column −4 5 6.
        #expect(try single.array(of: Int32.self) == [-23, -75, -20, -68])
    }

    @Test func sumsWrapIn32Bits() throws {
        let count = 1 << 16
        let a = try TensorData([UInt8](repeating: 255, count: count), shape: [1, count])
        let y = try runOperator("MatMulInteger", inputs: [a, a.reshaped([count, 1])])[0]
        #expect(try y.array(of: Int32.self) == [Int32(truncatingIfNeeded: 65025 * count)])
    }

    @Test func productsAreRoundedHalvesToEvenAndSaturate() throws {
        let a = try TensorData([1, 3, 5, 100, 255] as [UInt8], shape: [5, 1])
        let b = try TensorData([1] as [UInt8], shape: [1, 1])
        func run(_ scale: Float, _ zeroPoint: UInt8) throws -> [UInt8] {
            try runOperator(
                "QLinearMatMul",
                inputs: [
                    a, scalar(scale), zero(UInt8(0)), b, scalar(1), zero(UInt8(0)), scalar(1), zero(zeroPoint),
                ]
            )[0].array(of: UInt8.self)
        }
        #expect(try run(0.5, 0) == [0, 2, 2, 50, 128])
        // The zero point is added to the rounded number.
        #expect(try run(0.5, 1) == [1, 3, 3, 51, 129])
        #expect(try run(3, 10) == [13, 19, 25, 255, 255])
    }

    @Test func columnsMayHaveTheirOwnScale() throws {
        let a = try TensorData([2, 4] as [Int8], shape: [1, 2])
        let b = try TensorData([1, 2, 3, 4] as [Int8], shape: [2, 2])
        let y = try runOperator(
            "QLinearMatMul",
            inputs: [
                a, scalar(1), zero(Int8(0)), b, TensorData([1, 0.5] as [Float]), TensorData([0, 0] as [Int8]),
                scalar(1),
                zero(Int8(-3)),
            ],
            opset: 21
        )[0]
        #expect(try y.array(of: Int8.self) == [11, 7])
    }

    @Test func convolutionPadsWithTheZeroPoint() throws {
        let x = try TensorData([2, 3, 4, 5, 6, 7, 8, 9, 10] as [UInt8], shape: [1, 1, 3, 3])
        let w = try TensorData([1, 1, 1, 1] as [UInt8], shape: [1, 1, 2, 2])
        let y = try runOperator("ConvInteger", inputs: [x, w, zero(UInt8(1))])[0]
        #expect(try y.array(of: Int32.self) == [12, 16, 24, 28])
        let padded = try runOperator(
            "ConvInteger",
            inputs: [x, w, zero(UInt8(1))],
            attributes: [Attribute("pads", [1, 1, 0, 0])]
        )[0]
        #expect(try padded.array(of: Int32.self) == [1, 3, 5, 5, 12, 16, 11, 24, 28])
    }

    /// Each output channel has its own scale; strides, dilations and a bias.
    @Test func quantizedConvolution() throws {
        let x = try TensorData((0..<5).map { UInt8($0) }, shape: [1, 1, 5])
        let w = try TensorData([1, 1, 2, 2] as [Int8], shape: [2, 1, 2])
        let y = try runOperator(
            "QLinearConv",
            inputs: [
                x, scalar(0.5), zero(UInt8(0)), w, TensorData([1, 2] as [Float]), TensorData([0, 1] as [Int8]),
                scalar(0.5), zero(UInt8(3)), TensorData([10, -4] as [Int32]),
            ],
            attributes: [Attribute("strides", [2]), Attribute("dilations", [2])]
        )[0]
        // Sums 0 + 2 and 2 + 4, with biases 12, 16 and −2, 2; the second channel counts twice.
        #expect(y.shape == [1, 2, 2])
        #expect(try y.array(of: UInt8.self) == [15, 19, 0, 7])
    }

    @Test(arguments: ["ConvInteger", "Conv"]) func stridesAndGroupsAgreeWithFloats(_ type: String) throws {
        var random = SeededGenerator(seed: 7)
        for (group, pads, stride, dilation) in [
            (1, [1, 2, 0, 1], 1, 1), (2, [0, 1, 2, 3], 2, 1), (4, [2, 2, 2, 2], 3, 2),
        ] {
            let x = try TensorData(
                (0..<2 * 4 * 7 * 9).map { _ in UInt8(random.index(below: 256)) },
                shape: [2, 4, 7, 9]
            )
            let w = try TensorData(
                (0..<8 * 4 / group * 3 * 2).map { _ in Int8(random.index(below: 256) - 128) },
                shape: [8, 4 / group, 3, 2]
            )
            let attributes = [
                Attribute("group", group), Attribute("pads", pads), Attribute("strides", [stride, 1]),
                Attribute("dilations", [dilation, 1]),
            ]
            let inputs = type == "Conv" ? [try x.cast(to: .float64), try w.cast(to: .float64)] : [x, w]
            let whole = try runOperator("ConvInteger", inputs: [x, w], attributes: attributes)[0]
            let result = try runOperator(type, inputs: inputs, attributes: attributes, threads: 1)[0]
            #expect(try largestDifference(whole, result) == 0)
        }
    }

    @Test func dynamicQuantization() throws {
        let x = try TensorData([0, 2, -3, -2.5, 1.34, 0.5] as [Float])
        let result = try runOperator("DynamicQuantizeLinear", inputs: [x], outputCount: 3)
        #expect(try result[1].array(of: Float.self) == [Float(5) / 255])
        #expect(try result[2].array(of: UInt8.self) == [153])
        #expect(try result[0].array(of: UInt8.self) == [153, 255, 0, 26, 221, 179])
        let nothing = try runOperator(
            "DynamicQuantizeLinear",
            inputs: [TensorData(zeros: .float32, shape: [3])],
            outputCount: 3
        )
        #expect(try nothing[0].array(of: UInt8.self) == [0, 0, 0])
    }

    @Test func whatDoesNotFitIsRefused() throws {
        let a = try TensorData([1, 2] as [UInt8], shape: [1, 2])
        let b = try TensorData([1, 2] as [UInt8], shape: [2, 1])
        #expect(throws: CNNOptError.self) {
            try runOperator("MatMulInteger", inputs: [a, b, TensorData([1, 2, 3] as [UInt8])])
        }
        #expect(throws: CNNOptError.self) { try runOperator("MatMulInteger", inputs: [a, b, zero(Int8(1))]) }
        #expect(throws: CNNOptError.self) { try runOperator("MatMulInteger", inputs: [a, a]) }
    }

    @Test func costsCountProducts() throws {
        let x = try TensorData(zeros: .uint8, shape: [1, 4, 8, 8])
        let w = try TensorData(zeros: .int8, shape: [6, 4, 3, 3])
        let model = try singleNodeModel("ConvInteger", inputs: [x, w])
        let facts = try GraphFacts(model)
        for id in model.graph.nodeIDs {
            let site = facts.site(id, model.graph)
            #expect(try definition(site).cost(site) == Cost(macs: 6 * 6 * 6 * 4 * 9))
        }
    }
}
