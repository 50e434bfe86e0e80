import GraphIR
import Operators
import TestSupport
import Tensors
import Testing

/// The experimental operators of early ONNX.
@Suite struct LegacyTests {
    private let x: TensorData

    init() throws { x = try TensorData([-1, 0, 2] as [Float]) }

    @Test func functionsOfOneNumber() throws {
        let (alpha, beta) = (Attribute("alpha", 2 as Float), Attribute("beta", 3 as Float))
        #expect(
            try runOperator("Affine", inputs: [x], attributes: [alpha, beta], opset: 6)[0].array(of: Float.self) == [
                1, 3, 7,
            ]
        )
        let tanh = try runOperator("ScaledTanh", inputs: [x], attributes: [alpha, beta], opset: 6)[0]
        #expect(try largestDifference(tanh, TensorData([-1.9901096, 0, 1.9999754] as [Float])) < 1e-5)
        let softplus = try runOperator("ParametricSoftplus", inputs: [x], attributes: [alpha, beta], opset: 6)[0]
        #expect(try largestDifference(softplus, TensorData([0.0971747, 1.3862944, 12.0049514] as [Float])) < 1e-5)
        let step = try runOperator("ThresholdedRelu", inputs: [x], attributes: [alpha], opset: 6)[0]
        #expect(try step.array(of: Float.self) == [0, 0, 0])
    }

    @Test func imagesAreScaledAndShifted() throws {
        let image = try TensorData([1, 2, 3, 4] as [Float], shape: [1, 2, 1, 2])
        let bias = Attribute("bias", .floats([10, -10]))
        let y = try runOperator(
            "ImageScaler",
            inputs: [image],
            attributes: [Attribute("scale", 2 as Float), bias],
            opset: 6
        )[0]
        #expect(try y.array(of: Float.self) == [12, 14, -4, -2])
        #expect(throws: CNNOptError.self) {
            try runOperator("ImageScaler", inputs: [image], attributes: [Attribute("bias", .floats([1]))], opset: 6)
        }
    }

    @Test func bordersAreCutOff() throws {
        let image = try TensorData((0..<12).map { Int32($0) }, shape: [1, 1, 3, 4])
        func crop(_ attributes: [Attribute]) throws -> TensorData {
            try runOperator("Crop", inputs: [image], attributes: attributes, opset: 6)[0]
        }
        let inner = try crop([Attribute("border", [1, 0, 2, 1])])
        #expect(inner.shape == [1, 1, 2, 1])
        #expect(try inner.array(of: Int32.self) == [1, 5])
        let scaled = try crop([Attribute("border", [1, 1, 0, 0]), Attribute("scale", [2, 3])])
        #expect(try scaled.array(of: Int32.self) == [5, 6, 7, 9, 10, 11])
        #expect(throws: CNNOptError.self) { try crop([Attribute("border", [3, 0, 3, 0])]) }
    }

    /// What takes their place in a later operator set computes the same.
    @Test(arguments: ["Affine", "ScaledTanh", "ParametricSoftplus", "ImageScaler", "Crop"])
    func laterSetsHaveOtherOperators(_ type: String) throws {
        let place = try site(type, [[1, 2, 4, 4]], [Attribute("border", [1, 1, 1, 1])], opset: 9)
        #expect(try definition(place).upgraded(place, to: 9) == nil)
        let rewrite = try #require(try definition(place).upgraded(place, to: 13))
        #expect(!rewrite.steps.isEmpty)
        for step in rewrite.steps {
            let name = OperatorName(step.operatorType)
            #expect(try #require(OperatorRegistry.standard[name]).schema.versions.contains { $0 >= 13 })
        }
    }
}
