import Execution
import GraphIR
import Operators
import TestSupport
import Tensors
import Testing

/// What a plan makes of several nodes, and that it computes what they did one by one.
@Suite struct FusionTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// The steps' operators; copies have none. nil where they differ between processors.
        let steps: [String]?
        let shape: [Int]
        let build: @Sendable (inout ModelBuilder) throws -> Void

        init(
            _ name: String,
            _ shape: [Int],
            _ steps: [String]?,
            _ build: @escaping @Sendable (inout ModelBuilder) throws -> Void
        ) {
            testDescription = name
            self.shape = shape
            self.steps = steps
            self.build = build
        }
    }

    private static func convolution(
        _ model: inout ModelBuilder,
        _ input: String,
        _ output: String,
        channels: Int = 6,
        seed: UInt64 = 1
    ) throws {
        try model.constant("w_\(output)", .random([channels, 6, 3, 3], seed: seed))
        try model.node("Conv", [input, "w_\(output)"], [output], [Attribute("pads", [1, 1, 1, 1])])
    }

    private static func batchNormalization(_ model: inout ModelBuilder, _ input: String, _ output: String) throws {
        for (index, part) in ["scale", "bias", "mean", "var"].enumerated() {
            let range = part == "var" ? 0.5...2.0 : -1.0...1.0
            try model.constant("\(output)_\(part)", .random([6], seed: UInt64(10 + index), in: range))
        }
        try model.node(
            "BatchNormalization",
            [input] + ["scale", "bias", "mean", "var"].map { "\(output)_\($0)" },
            [output]
        )
    }

    static let cases: [Case] = [
        Case("convolution, normalisation, activation", [2, 6, 9, 7], ["", "Conv+BatchNormalization+Relu", ""]) {
            try convolution(&$0, "x", "a")
            try batchNormalization(&$0, "a", "b")
            try $0.node("Relu", ["b"], ["y"])
        },
        Case("residual block", [2, 6, 9, 7], ["", "Conv+Relu", "Conv+BatchNormalization+Add+Relu", ""]) {
            try convolution(&$0, "x", "a")
            try $0.node("Relu", ["a"], ["b"])
            try convolution(&$0, "b", "c", seed: 2)
            try batchNormalization(&$0, "c", "d")
            try $0.node("Add", ["d", "b"], ["e"])
            try $0.node("Relu", ["e"], ["y"])
        },
        Case("sum with the convolution's own input", [2, 6, 9, 7], ["", "Conv+Add", ""]) {
            try convolution(&$0, "x", "a")
            try $0.node("Add", ["x", "a"], ["y"])
        },
        Case("result used twice is not swallowed", [1, 6, 8, 8], ["", "Conv", "Relu", "Add", ""]) {
            try convolution(&$0, "x", "a")
            try $0.node("Relu", ["a"], ["b"])
            try $0.node("Add", ["a", "b"], ["y"])
        },
        Case("padding of its own", [2, 6, 9, 7], ["", "Pad+Conv", ""]) {
            try $0.constant("pads", .integers([0, 0, 1, 2, 0, 0, 0, 1]))
            try $0.node("Pad", ["x", "pads"], ["a"])
            try convolution(&$0, "a", "y")
        },
        Case("gate of x and its sigmoid", [2, 6, 9, 7], ["", "Conv+Sigmoid+Mul", ""]) {
            try convolution(&$0, "x", "a")
            try $0.node("Sigmoid", ["a"], ["s"])
            try $0.node("Mul", ["a", "s"], ["y"])
        },
        Case("squeeze and excite", [2, 6, 9, 7], ["", "Conv", "GlobalAveragePool", "Conv+HardSigmoid", "Mul", ""]) {
            try convolution(&$0, "x", "a")
            try $0.node("GlobalAveragePool", ["a"], ["m"])
            try $0.constant("w1", .random([6, 6, 1, 1], seed: 4))
            try $0.node("Conv", ["m", "w1"], ["f"])
            try $0.node("HardSigmoid", ["f"], ["g"])
            try $0.node("Mul", ["a", "g"], ["y"])
        },
        Case("channels last at both ends", [2, 9, 7, 6], ["Conv"]) {
            try $0.node("Transpose", ["x"], ["t"], [Attribute("perm", [0, 3, 1, 2])])
            try convolution(&$0, "t", "a")
            try $0.node("Transpose", ["a"], ["y"], [Attribute("perm", [0, 2, 3, 1])])
        },
        Case("product, bias, activation", [3, 5], ["MatMul+Add+Relu"]) {
            try $0.constant("w", .random([5, 4], seed: 1))
            try $0.constant("b", .random([4], seed: 2))
            try $0.node("MatMul", ["x", "w"], ["a"])
            try $0.node("Add", ["a", "b"], ["c"])
            try $0.node("Relu", ["c"], ["y"])
        },
        Case("bounds that clamp twice", [3, 5], ["Mul+Clip+Clip"]) {
            try $0.constant("two", TensorData([2 as Float], shape: []))
            try $0.constant("low", TensorData([-1 as Float], shape: []))
            try $0.constant("high", TensorData([1 as Float], shape: []))
            try $0.constant("zero", TensorData([0 as Float], shape: []))
            try $0.node("Mul", ["x", "two"], ["a"])
            try $0.node("Clip", ["a", "low", "high"], ["b"])
            try $0.node("Clip", ["b", "zero"], ["y"])
        },
        Case("normalisation by tensors that nodes compute", [1, 6, 9, 7], ["", "Conv+BatchNormalization", ""]) {
            try convolution(&$0, "x", "a")
            try $0.constant("size", .integers([6]))
            for part in ["scale", "bias", "mean", "var"] {
                try $0.node(
                    "ConstantOfShape",
                    ["size"],
                    [part],
                    [Attribute("value", .tensor(Constant(name: "", try TensorData([0.5 as Float], shape: [1]))))]
                )
                try $0.node("Identity", [part], ["\(part)2"])
            }
            try $0.node("BatchNormalization", ["a", "scale2", "bias2", "mean2", "var2"], ["y"])
        },
        Case("dequantised weights as an output", [1, 6, 9, 7], nil) {
            try $0.constant("q", TensorData([1, -2, 3, 4] as [Int8], shape: [2, 2]))
            try $0.constant("s", TensorData([0.5, 0.25] as [Float]))
            try $0.constant("z", TensorData([0, 1] as [Int8]))
            try $0.node("DequantizeLinear", ["q", "s", "z"], ["weights"], [Attribute("axis", 0)])
            try $0.output("weights")
            try $0.node("Relu", ["x"], ["y"])
        },
        Case("wide dilation", [1, 6, 20, 20], nil) {
            try $0.constant("w", .random([6, 6, 3, 3], seed: 1))
            try $0.node(
                "Conv",
                ["x", "w"],
                ["a"],
                [Attribute("pads", [8, 8, 8, 8]), Attribute("dilations", [8, 8])]
            )
            try $0.node("Relu", ["a"], ["y"])
        },
    ]

    @Test(arguments: cases, [1, 2])
    func stepsAndResults(_ item: Case, threads: Int) throws {
        var builder = ModelBuilder()
        try builder.input("x", item.shape)
        try item.build(&builder)
        try builder.output("y")
        let model = builder.model
        let feeds = [try #require(model.graph.feeds.first): try TensorData.random(item.shape, seed: 3)]
        let expected = try Engine(model, backend: .reference).run(feeds, threads: 1)
        try checkFastBackend(model, feeds, gives: expected, threads: threads)
        let plan = try Engine(model, backend: .onednn).prepare(feeds, threads: threads)
        if let steps = item.steps { #expect(plan.steps.map(\.operators) == steps) }
    }
}
