import Execution
import GraphIR
import Operators
import TestSupport
import Tensors
import Testing

/// Operators with the operands that a kernel of a library takes, and what must then not run on plain loops.
@Suite struct KernelChoiceTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var type: String
        var shapes: [[Int]]
        var attributes: [Attribute] = []
        var constants: Set<Int> = []
        var opset = 17

        var testDescription: String { "\(type) \(shapes) \(attributes.map(\.name)) \(constants.sorted())" }

        static let products =
            [
                ([4, 5], [5, 3]), ([2, 4, 5], [5, 3]), ([2, 4, 5], [2, 5, 3]), ([2, 1, 4, 5], [3, 5, 2]),
                ([4, 5], [2, 3, 5, 7]), ([3, 1, 6, 8], [3, 4, 8, 9]), ([5], [5, 3]), ([4, 5], [5]),
                ([2, 3, 4, 5], [5]),
                ([7], [7]), ([5], [2, 5, 3]), ([1, 4, 5], [2, 5, 3]), ([2, 1, 4, 5], [1, 3, 5, 2]),
            ].map { Case(type: "MatMul", shapes: [$0.0, $0.1]) }

        static let gemms = [Set<Int>(), [1], [2], [1, 2]].flatMap { (constants: Set<Int>) -> [Case] in
            [(0, 0), (0, 1), (1, 0), (1, 1)].flatMap { (left: Int, right: Int) -> [Case] in
                [[6], [1], [4, 1], [4, 6], [1, 6]].map { addend in
                    Case(
                        type: "Gemm",
                        shapes: [left == 0 ? [4, 5] : [5, 4], right == 0 ? [5, 6] : [6, 5], addend],
                        attributes: [
                            Attribute("transA", left), Attribute("transB", right), Attribute("alpha", Float(0.5)),
                            Attribute("beta", Float(-2)),
                        ],
                        constants: constants
                    )
                }
            }
        }

        static let normalizations = [
            Case(
                type: "LRN",
                shapes: [[2, 7, 5, 3]],
                attributes: [Attribute("size", 5), Attribute("alpha", Float(0.5))]
            ),
            Case(
                type: "LRN",
                shapes: [[1, 16, 4, 4]],
                attributes: [Attribute("size", 3), Attribute("bias", Float(2))]
            ),
            Case(type: "InstanceNormalization", shapes: [[2, 5, 7, 3], [5], [5]]),
            Case(type: "InstanceNormalization", shapes: [[2, 5, 9], [5], [5]], constants: [1, 2]),
            Case(
                type: "GroupNormalization",
                shapes: [[2, 6, 4, 3], [6], [6]],
                attributes: [Attribute("num_groups", 3)],
                opset: 21
            ),
            Case(
                type: "GroupNormalization",
                shapes: [[2, 6, 4, 3], [2], [2]],
                attributes: [Attribute("num_groups", 2)],
                constants: [1, 2],
                opset: 18
            ),
            Case(type: "BatchNormalization", shapes: [[2, 5, 4, 3], [5], [5], [5], [5]]),
            Case(type: "BatchNormalization", shapes: [[3, 5], [5], [5], [5], [5]], constants: [1, 2]),
        ]
    }

    @Test(arguments: Case.products + Case.gemms + Case.normalizations) func noPlainLoops(_ form: Case) throws {
        // Variances are above zero.
        let tensors = try form.shapes.enumerated().map { port, shape in
            try TensorData.random(shape, seed: UInt64(port), in: port == 4 ? 0.5...2 : -1...1)
        }
        _ = try runOperator(
            form.type,
            inputs: tensors,
            constants: form.constants,
            attributes: form.attributes,
            opset: form.opset
        )
        let model = try singleNodeModel(
            form.type,
            inputs: tensors,
            constants: form.constants,
            attributes: form.attributes,
            opset: form.opset
        )
        var feeds: [ValueID: TensorData] = [:]
        for (port, tensor) in tensors.enumerated() {
            if !form.constants.contains(port), let id = model.graph.value(named: "x\(port)") { feeds[id] = tensor }
        }
        let plan = try Engine(model, backend: .onednn).prepare(feeds, threads: 2)
        #expect(!plan.steps.contains { $0.kernel == "reference" })
    }

    /// A window over four axes is more than the library has. The layers around it keep their kernels, and so does what was fused into
    /// it.
    @Test func aLayerThatTheLibraryRefusesRunsAlone() throws {
        var builder = ModelBuilder()
        try builder.input("x", [1, 2, 4, 3, 5, 3])
        try builder.constant("w", .random([3, 2, 2, 1, 3, 2], seed: 1))
        try builder.node("Tanh", ["x"], ["a"])
        try builder.node("Conv", ["a", "w"], ["b"])
        try builder.node("Relu", ["b"], ["c"])
        try builder.node("Sigmoid", ["c"], ["d"])
        try builder.node("Softmax", ["d"], ["y"], [Attribute("axis", 1)])
        try builder.output("y")
        let x = try TensorData.random([1, 2, 4, 3, 5, 3], seed: 2)
        _ = try runModel(builder.model, ["x": x])
        let feeds = [try #require(builder.model.graph.feeds.first): x]
        let plan = try Engine(builder.model, backend: .onednn).prepare(feeds, threads: 1)
        #expect(plan.steps.filter { $0.kernel == "reference" }.map(\.operators) == ["Conv"])
        for kept in ["Tanh", "Relu", "Sigmoid", "Softmax"] {
            #expect(plan.steps.contains { $0.operators == kept && $0.kernel != "reference" })
        }
    }
}
