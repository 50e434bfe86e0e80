import Execution
import GraphIR
import Operators
import TestSupport
import Tensors
import Testing

/// Integer layers round as ONNX Runtime's kernels do: (sum + bias) · scale, the scale computed in single precision, halves to even.
@Suite struct IntegerRoundingTests {
    struct Layer: CustomTestStringConvertible, Sendable {
        let testDescription: String
        var inputs: Int
        var groups = 1
    }

    static let layers = [
        Layer(testDescription: "few products", inputs: 4),
        Layer(testDescription: "many products", inputs: 32),
        Layer(testDescription: "each channel by itself", inputs: 16, groups: 16),
    ]

    @Test(arguments: layers)
    func resultsAreThoseOfWholeSumsScaledOnce(_ layer: Layer) throws {
        let (outputs, pixels) = (16, 4096)
        var random = SeededGenerator(seed: 21)
        func integers(_ count: Int, _ range: ClosedRange<Int>) -> [Int] {
            (0..<count).map { _ in Int.random(in: range, using: &random) }
        }
        let data = integers(layer.inputs * pixels, 0...255)
        // Pairs of such weights cannot saturate 16-bit sums.
        let weights = integers(outputs * layer.inputs / layer.groups, -64...63)
        let bias = integers(outputs, -3000...3000)
        let scales = (0..<outputs).map { _ in Float.random(in: 0.001...0.02, using: &random) }
        let (dataScale, resultScale, zero): (Float, Float, Int) = (0.0123, 0.0371, 3)

        var builder = ModelBuilder()
        try builder.input("x", [1, layer.inputs, 1, pixels], .uint8)
        try builder.constant("sx", TensorData([dataScale], shape: []))
        try builder.constant("zx", TensorData([UInt8(zero)], shape: []))
        let shape = [outputs, layer.inputs / layer.groups, 1, 1]
        try builder.constant("w", TensorData(weights.map { Int8($0) }, shape: shape))
        try builder.constant("sw", TensorData(scales))
        try builder.constant("zw", TensorData([Int8](repeating: 0, count: outputs)))
        try builder.constant("sy", TensorData([resultScale], shape: []))
        try builder.constant("zy", TensorData([UInt8(0)], shape: []))
        try builder.constant("b", TensorData(bias.map { Int32($0) }))
        try builder.node(
            "QLinearConv",
            ["x", "sx", "zx", "w", "sw", "zw", "sy", "zy", "b"],
            ["y"],
            [Attribute("group", layer.groups)]
        )
        try builder.output("y", .uint8)
        let input = try TensorData(data.map { UInt8($0) }, shape: [1, layer.inputs, 1, pixels])
        let feed = try #require(builder.model.graph.feeds.first)
        let engine = try Engine(builder.model, backend: .onednn)
        let result = try engine.run([feed: input], threads: 2)[0].array(of: UInt8.self)

        let perGroup = layer.inputs / layer.groups
        for channel in 0..<outputs {
            let first = channel / (outputs / layer.groups) * perGroup
            let scale = dataScale * scales[channel] / resultScale
            for pixel in 0..<pixels {
                let sum = (0..<perGroup).reduce(bias[channel]) {
                    $0 + (data[(first + $1) * pixels + pixel] - zero) * weights[channel * perGroup + $1]
                }
                let rounded = (Float(sum) * scale).rounded(.toNearestOrEven)
                let expected = UInt8(max(0, min(255, rounded)))
                guard result[channel * pixels + pixel] != expected else { continue }
                Issue.record("channel \(channel), pixel \(pixel): \(result[channel * pixels + pixel]), not \(expected)")
                return
            }
        }
    }
}
