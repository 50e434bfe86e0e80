import GraphIR
import TestSupport
import Tensors
import Testing

/// One layer whose weight has a known rank, in each form that an operator gives it.
struct FactoredLayer: Sendable, CustomTestStringConvertible {
    let name: String
    let type: String
    let data: [Int]
    let weight: [Int]
    /// The weight's axis of output channels.
    let outputAxis: Int
    var weightPort = 1
    var bias: [Int]?
    var attributes: [Attribute] = []
    var opset = 17
    var element = ElementType.float32

    var testDescription: String { name }

    var outputs: Int { weight[outputAxis] }
    var inputs: Int { weight.reduce(1, *) / outputs }

    /// The layer with a weight of the given singular values.
    func model(_ values: [Double]) throws -> Model {
        let matrix = ReflectedMatrix.make(values, rows: outputs, columns: inputs)
        return try model(weight: laidOut(matrix))
    }

    func model(weight tensor: TensorData) throws -> Model {
        var builder = ModelBuilder(opset: opset)
        try builder.input("x", data, element)
        try builder.constant("w", tensor)
        var names = weightPort == 0 ? ["w", "x"] : ["x", "w"]
        if let bias {
            let tensor = try TensorData.random(bias, seed: 5)
            names.append(try builder.constant("b", TensorData(doubles: tensor.doubles(), as: element, shape: bias)))
        }
        try builder.node(type, names, ["y"], attributes)
        try builder.node("Relu", ["y"], ["z"])
        try builder.output("z")
        return builder.model
    }

    /// Puts output channels × inputs into the weight's own order.
    func laidOut(_ matrix: [Double]) throws -> TensorData {
        let inner = weight[(outputAxis + 1)...].reduce(1, *)
        var elements = [Double](repeating: 0, count: matrix.count)
        for place in elements.indices {
            let (outer, rest) = (place / (inner * outputs), place % (inner * outputs))
            elements[place] = matrix[rest / inner * inputs + outer * inner + rest % inner]
        }
        return try TensorData(doubles: elements, as: element, shape: weight)
    }

    static func conv(_ name: String, _ kernel: [Int], bias: Bool = true, _ attributes: [Attribute]) -> FactoredLayer {
        FactoredLayer(
            name: name,
            type: "Conv",
            data: [2, 16] + kernel.map { _ in 11 },
            weight: [24, 16] + kernel,
            outputAxis: 0,
            bias: bias ? [24] : nil,
            attributes: attributes
        )
    }

    static let all: [FactoredLayer] = [
        .conv("3×3", [3, 3], [Attribute("kernel_shape", [3, 3]), Attribute("pads", [1, 1, 1, 1])]),
        .conv("without a bias or attributes", [3, 3], bias: false, []),
        .conv(
            "uneven strides, pads and dilations",
            [3, 2],
            [
                Attribute("strides", [2, 1]), Attribute("pads", [0, 2, 1, 0]), Attribute("dilations", [1, 3]),
                Attribute("group", 1),
            ]
        ),
        .conv("auto_pad", [3, 3], [Attribute("auto_pad", "SAME_UPPER"), Attribute("strides", [2, 2])]),
        .conv("1×1 with a stride", [1, 1], [Attribute("strides", [2, 2]), Attribute("kernel_shape", [1, 1])]),
        .conv("one spatial axis", [5], [Attribute("pads", [2, 2])]),
        FactoredLayer(
            name: "transposed",
            type: "ConvTranspose",
            data: [1, 24, 5, 5],
            weight: [24, 32, 3, 3],
            outputAxis: 1,
            bias: [32],
            attributes: [
                Attribute("strides", [2, 2]), Attribute("pads", [1, 1, 1, 1]), Attribute("output_padding", [1, 1]),
            ]
        ),
        FactoredLayer(name: "Gemm", type: "Gemm", data: [3, 40], weight: [40, 32], outputAxis: 1, bias: [32]),
        FactoredLayer(
            name: "Gemm transB without C",
            type: "Gemm",
            data: [3, 40],
            weight: [32, 40],
            outputAxis: 0,
            attributes: [Attribute("transB", 1)]
        ),
        FactoredLayer(
            name: "Gemm transA, transB",
            type: "Gemm",
            data: [40, 3],
            weight: [32, 40],
            outputAxis: 0,
            bias: [1, 32],
            attributes: [Attribute("transB", 1), Attribute("transA", 1), Attribute("beta", Float(1))]
        ),
        FactoredLayer(
            name: "Gemm of operator set 9",
            type: "Gemm",
            data: [3, 40],
            weight: [32, 40],
            outputAxis: 0,
            bias: [32],
            attributes: [Attribute("transB", 1)],
            opset: 9
        ),
        FactoredLayer(
            name: "Gemm of operator set 6",
            type: "Gemm",
            data: [3, 40],
            weight: [40, 32],
            outputAxis: 1,
            bias: [32],
            attributes: [Attribute("broadcast", 1)],
            opset: 6
        ),
        FactoredLayer(
            name: "Gemm of doubles",
            type: "Gemm",
            data: [3, 40],
            weight: [40, 32],
            outputAxis: 1,
            bias: [32],
            element: .float64
        ),
        FactoredLayer(name: "MatMul", type: "MatMul", data: [3, 40], weight: [40, 32], outputAxis: 1),
        FactoredLayer(name: "MatMul, batched", type: "MatMul", data: [2, 3, 5, 40], weight: [40, 32], outputAxis: 1),
        FactoredLayer(
            name: "MatMul, weight first",
            type: "MatMul",
            data: [40, 3],
            weight: [32, 40],
            outputAxis: 0,
            weightPort: 0
        ),
        FactoredLayer(
            name: "MatMul, weight first, batched",
            type: "MatMul",
            data: [2, 40, 3],
            weight: [32, 40],
            outputAxis: 0,
            weightPort: 0
        ),
    ]
}

/// What a pass may not make larger.
struct ModelSize: Equatable {
    let parameters: Int
    let macs: Int
    let bytes: Int
}
