import GraphIR
import Passes
import TestSupport
import Tensors
import Testing

/// Two nodes that a rule would make one, if nothing else used the value between them.
struct Pair: Sendable, CustomTestStringConvertible {
    let first: (type: String, stored: [Int], attributes: [Attribute])
    let second: (type: String, stored: [Int], attributes: [Attribute])
    let shape: [Int]

    var testDescription: String { "\(first.type) → \(second.type)" }

    /// `x` → `m` → `y`; each node has one stored operand of a shape, or none.
    func builder(_ type: ElementType = .float32) throws -> ModelBuilder {
        var builder = ModelBuilder(opset: 18)
        try builder.input("x", shape.map { $0 }, type)
        for (step, input, output) in [(first, "x", "m"), (second, "m", "y")] {
            var inputs = [input]
            if !step.stored.isEmpty {
                let numbers = try TensorData.random(step.stored, seed: 4, in: 1...3).doubles()
                inputs.append(
                    try builder.constant("c_\(output)", TensorData(doubles: numbers, as: type, shape: step.stored))
                )
            }
            try builder.node(step.type, inputs, [output], step.attributes)
        }
        try builder.output("y")
        return builder
    }
}

private let swapped = [Attribute("perm", [1, 0])]
private let pairs = [
    Pair(first: ("MatMul", [6, 4], []), second: ("Add", [4], []), shape: [2, 6]),
    Pair(first: ("Transpose", [], swapped), second: ("MatMul", [2, 4], []), shape: [2, 6]),
    Pair(first: ("Mul", [6], []), second: ("MatMul", [6, 4], []), shape: [2, 6]),
    Pair(first: ("MatMul", [6, 6], []), second: ("MatMul", [6, 4], []), shape: [2, 6]),
    Pair(first: ("Mul", [6], []), second: ("Mul", [6], []), shape: [2, 6]),
    Pair(first: ("Conv", [4, 3, 1, 1], []), second: ("Conv", [2, 4, 3, 3], []), shape: [2, 3, 5, 5]),
    Pair(first: ("Mul", [3, 1, 1], []), second: ("Conv", [4, 3, 1, 1], []), shape: [2, 3, 5, 5]),
]

@Suite struct KeptPairTests {
    private func types(_ pair: Pair) -> [String] { [pair.first.type, pair.second.type] }

    @Test(arguments: pairs) func withoutOtherUsersItIsOneNode(_ pair: Pair) throws {
        #expect(try simplified(pair.builder().model, within: 1e-5).model.graph.nodeCount == 1)
    }

    @Test(arguments: pairs) func whatIsAnOutputStays(_ pair: Pair) throws {
        var builder = try pair.builder()
        try builder.output("m")
        #expect(try simplified(builder.model).model.graph.operatorTypes == types(pair))
    }

    @Test(arguments: pairs) func whatHasASecondUserStays(_ pair: Pair) throws {
        var builder = try pair.builder()
        try builder.node("Relu", ["m"], ["z"])
        try builder.output("z")
        #expect(try simplified(builder.model).model.graph.operatorTypes == types(pair) + ["Relu"])
    }

    @Test(arguments: pairs) func whatASubgraphCapturesStays(_ pair: Pair) throws {
        var body = Graph(name: "body")
        let inside = body.internValue("result")
        try body.addNode(Node("Relu", inputs: [body.internValue("m")], outputs: [inside]))
        try body.addOutput("result", type: nil)
        var builder = try pair.builder()
        try builder.input("flag", [], .bool)
        try builder.node("If", ["flag"], ["z"], [Attribute("then_branch", body), Attribute("else_branch", body)])
        try builder.output("z")
        #expect(try simplified(builder.model).model.graph.operatorTypes == types(pair) + ["If"])
    }

    @Test(arguments: pairs) func unknownShapesStay(_ pair: Pair) throws {
        var model = try pair.builder().model
        var patch = Patch(model.graph, author: "test")
        patch.setType(model.graph.inputs[0], .tensor(TensorType(.float32, nil)))
        try model.graph.apply(patch)
        _ = try SimplifyPass().run(&model, PassContext())
        #expect(model.graph.nodeCount == 2)
    }

    @Test(arguments: pairs.filter { $0.shape.count == 2 && $0.first.type != "Transpose" }) func integersStay(
        _ pair: Pair
    ) throws {
        #expect(try simplified(pair.builder(.int32).model).model.graph.operatorTypes == types(pair))
    }
}
