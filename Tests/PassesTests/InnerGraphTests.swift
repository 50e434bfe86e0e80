import GraphIR
import Operators
import TestSupport
import Tensors
import Testing

@testable import Passes

/// What passes make of graphs inside nodes and of functions.
@Suite struct InnerGraphTests {
    private func negation(_ name: String) throws -> Graph {
        try subgraph { (branch) throws(CNNOptError) in
            try branch.node("Neg", [name], ["r"])
            try branch.output("r")
        }
    }

    @Test func simplifyKeepsWhatABranchUses() throws {
        var builder = ModelBuilder()
        try builder.input("x", [2, 3])
        try builder.input("c", [], .bool)
        try builder.constant("zero", TensorData([Float(0)]))
        try builder.constant("one", TensorData([Float(1)]))
        // Known from stored tensors, without effect, and twice the same: but a branch uses each by name.
        try builder.node("Add", ["zero", "one"], ["folded"])
        try builder.node("Add", ["x", "zero"], ["same"])
        try builder.node("Add", ["x", "one"], ["first"])
        try builder.node("Add", ["x", "one"], ["second"])
        let then = try subgraph { (branch) throws(CNNOptError) in
            try branch.node("Sum", ["folded", "same", "second"], ["r"])
            try branch.output("r")
        }
        try builder.node(
            "If",
            ["c"],
            ["y"],
            [Attribute("then_branch", then), Attribute("else_branch", try negation("first"))]
        )
        try builder.output("y")
        let (model, _) = try simplified(builder.model)
        for name in ["folded", "same", "first", "second"] {
            let id = try #require(model.graph.value(named: name))
            #expect(!model.graph.isOuter(id))
        }
        try model.graph.verify()
    }

    @Test func simplifyRemovesADeadBranchWithAllThatItUsed() throws {
        for isKnown in [true, false] {
            var builder = ModelBuilder()
            try builder.input("x", [2, 3])
            try builder.input("c", [], .bool)
            try builder.node("Exp", ["x"], ["a"])
            let branch = try subgraph { (branch) throws(CNNOptError) in
                try branch.node(isKnown ? "Neg" : "Mystery", ["a"], ["r"])
                try branch.output("r")
            }
            try builder.node(
                "If",
                ["c"],
                ["unused"],
                [Attribute("then_branch", branch), Attribute("else_branch", branch)]
            )
            try builder.node("Relu", ["x"], ["y"])
            try builder.output("y")
            let (model, _) = try simplified(builder.model)
            #expect(model.graph.operatorTypes == (isKnown ? ["Relu"] : ["Exp", "If", "Relu"]))
        }
    }

    @Test func functionsStayAsTheyAre() throws {
        var builder = ModelBuilder()
        try builder.input("x", [2, 3])
        try builder.constant("zero", TensorData([Float(0)]))
        try builder.node("Add", ["x", "zero"], ["a"])
        try builder.node("f", ["a", "zero"], ["y"], domain: "local")
        try builder.node("f", ["x", "zero"], ["unused"], domain: "local")
        try builder.output("y")
        var model = builder.model
        model.functions = [
            try localFunction("f", inputs: ["a", "b"]) { (body) throws(CNNOptError) in
                try body.node("Add", ["a", "b"], ["c"])
                try body.output("c")
            }
        ]
        let (result, _) = try simplified(model)
        #expect(result.graph.operatorTypes == ["f", "f"])
        #expect(result.functions.count == 1)
        #expect(result.functions[0].body.operatorTypes == ["Add"])
    }

    /// x → Conv → Relu → Conv → y, and a branch on the Relu's output.
    private func network(_ kind: String) throws -> Model {
        var builder = ModelBuilder()
        try builder.input("x", [nil, 3, 6, 6])
        try builder.constant("w1", .random([8, 3, 3, 3], seed: 1))
        try builder.constant("w2", .random([8, 8, 3, 3], seed: 2))
        try builder.constant("w3", .random([4, 8, 3, 3], seed: 3))
        try builder.constant("yes", TensorData([Int64(1)], shape: []).cast(to: .bool))
        try builder.node("Conv", ["x", "w1"], ["c1"])
        try builder.node("Relu", ["c1"], ["r1"])
        try builder.node("Conv", ["r1", "w2"], ["c2"], [Attribute("pads", [1, 1, 1, 1])])
        if kind == "branch" {
            try builder.node("ReduceMax", ["c2"], ["most"], [Attribute("keepdims", 0)])
            try builder.constant("limit", TensorData([Float(0)], shape: []))
            try builder.node("Greater", ["most", "limit"], ["c"])
            let then = try negation("r1")
            let otherwise = try subgraph { (branch) throws(CNNOptError) in
                try branch.node("Abs", ["c2"], ["r"])
                try branch.output("r")
            }
            try builder.node(
                "If",
                ["c"],
                ["i"],
                [Attribute("then_branch", then), Attribute("else_branch", otherwise)]
            )
        } else {
            try builder.node("f", ["r1"], ["i"], domain: "local")
        }
        try builder.node("Add", ["c2", "i"], ["a"])
        try builder.node("Relu", ["a"], ["r2"])
        try builder.node("Conv", ["r2", "w3"], ["y"])
        try builder.output("y", .float32)
        var model = builder.model
        if kind == "function" {
            model.functions = [
                try localFunction("f", inputs: ["a"]) { (body) throws(CNNOptError) in
                    try body.node("Neg", ["a"], ["b"])
                    try body.output("b")
                }
            ]
        }
        return model
    }

    private let images = SeededSamples(count: 16, inputs: [.init(elementType: .float32, shape: [3, 6, 6])], seed: 5)

    @Test(arguments: ["branch", "function"])
    func quantisationRunsThroughThem(_ kind: String) throws {
        let model = try network(kind)
        var candidate = model
        _ = try QuantizePass(PassArguments(passName: "quant", [:])).run(&candidate, PassContext(calibration: images))
        #expect(candidate.graph.operatorTypes.contains("QuantizeLinear"))
        let snr = try Validation.measure(
            reference: model,
            candidate: candidate,
            samples: images,
            threads: 2,
            isClassifier: false
        ).snrDB
        #expect(snr > 20)
    }

    @Test(arguments: ["branch", "function"])
    func pruningLeavesTheChannelsThatTheyUse(_ kind: String) throws {
        var model = try network(kind)
        _ = try PrunePass(PassArguments(passName: "prune", ["ratio": "0.3"])).run(
            &model,
            PassContext(calibration: images)
        )
        // Nothing beside the branch may shrink, so nothing at all here.
        for (name, shape) in [("w1", [8, 3, 3, 3]), ("w2", [8, 8, 3, 3]), ("w3", [4, 8, 3, 3])] {
            #expect(model.graph.constant(model.graph.value(named: name))?.shape == shape)
        }
    }

    @Test func oldFormsInsideABranchAreBroughtToALaterSet() throws {
        // Squeeze got its axes as an input in 13; the rank that it needs is known from outside alone.
        var builder = ModelBuilder(opset: 11)
        try builder.input("x", [1, 3])
        try builder.input("c", [], .bool)
        try builder.node("Relu", ["x"], ["a"])
        let branch = try subgraph { (branch) throws(CNNOptError) in
            try branch.node("Squeeze", ["a"], ["s"], [Attribute("axes", [0])])
            try branch.node("Softmax", ["a"], ["t"], [Attribute("axis", 1)])
            try branch.node("Add", ["s", "t"], ["r"])
            try branch.output("r")
        }
        try builder.node(
            "If",
            ["c"],
            ["y"],
            [Attribute("then_branch", branch), Attribute("else_branch", try negation("a"))]
        )
        try builder.output("y")
        var model = builder.model
        _ = try OpsetUpgrade.upgrade(&model, to: 13)
        #expect(model.opset() == 13)
        #expect(try relativeDifference(builder.model, model) == 0)
    }
}
