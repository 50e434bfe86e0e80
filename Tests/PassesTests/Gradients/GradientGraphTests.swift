import Execution
import GraphIR
import Operators
import Passes
import TestSupport
import Tensors
import Testing

/// Gradients through several nodes.
@Suite struct GradientGraphTests {
    /// A value used by two branches that meet again, one of which uses it twice.
    private func branching(_ type: ElementType) throws -> Model {
        var builder = ModelBuilder(opset: 13)
        try builder.input("x", [nil, 2, 4, 4], type)
        try builder.constant("w", try TensorData.random([2, 2, 3, 3], seed: 3).cast(to: type))
        try builder.constant("v", try TensorData.random([3, 4], seed: 4).cast(to: type))
        try builder.node("Conv", ["x", "w"], ["a"], [Attribute("pads", [1, 1, 1, 1])])
        try builder.node("Sigmoid", ["a"], ["s"])
        try builder.node("Mul", ["a", "s"], ["b"])
        try builder.node("Mul", ["b", "b"], ["c"])
        try builder.node("Concat", ["c", "x"], ["d"], [Attribute("axis", 1)])
        try builder.node("GlobalAveragePool", ["d"], ["e"])
        try builder.node("Flatten", ["e"], ["f"])
        try builder.node("Gemm", ["f", "v"], ["y"], [Attribute("transB", 1)])
        try builder.node("Relu", ["a"], ["z"])
        try builder.output("y")
        try builder.output("z")
        return builder.model
    }

    private func value(_ model: Model, _ name: String) throws -> ValueID {
        try #require(model.graph.value(named: name))
    }

    @Test(arguments: [Backend.reference, .onednn])
    func branchesAndSeveralTargetsAdd(_ backend: Backend) throws {
        let model = try branching(.float64)
        let x = try value(model, "x")
        let feeds = [x: try TensorData.random([3, 2, 4, 4], seed: 1).cast(to: .float64)]
        let seeds = try randomSeeds(model, feeds, model.graph.outputs)
        let expected = try differences(model, feeds, seeds, of: x)
        let narrow = try branching(.float32)
        let graph = try GradientGraph(
            narrow,
            inputShapes: [x: [3, 2, 4, 4]],
            targets: narrow.graph.outputs,
            wanted: [x]
        )
        #expect(graph.barriers.isEmpty && graph.incomplete.isEmpty && graph.seeds.count == 2)
        let found = try gradients(
            graph,
            feeds.mapValues { try $0.cast(to: .float32) },
            seeds.mapValues { try $0.cast(to: .float32) },
            wanted: [x],
            backend
        )
        #expect(relativeError(found[0], expected) < 2e-5)
    }

    @Test func theModelKeepsItsOutputsAndTheGradientsStandBehindThem() throws {
        let model = try branching(.float32)
        let (a, y) = (try value(model, "a"), try value(model, "y"))
        let graph = try GradientGraph(
            model,
            inputShapes: [try value(model, "x"): [1, 2, 4, 4]],
            targets: [y],
            wanted: [a, y]
        )
        #expect(graph.model.opset() == GradientFragment.opset)
        #expect(Array(graph.model.graph.outputs.prefix(2)) == model.graph.outputs)
        #expect(graph.gradients[y] == graph.seeds[y])
        let gradient = try #require(graph.gradients[a])
        #expect(graph.model.graph.outputs.contains(gradient))
        #expect(graph.facts.type(gradient).sizes == [1, 2, 4, 4])
        // The convolution before `a` needs no gradient.
        #expect(!graph.model.graph.operatorTypes.contains("ConvTranspose"))
    }

    @Test func whatPassesABarrierIsReported() throws {
        var builder = ModelBuilder(opset: 18)
        try builder.input("x", [2, 3])
        try builder.node("Relu", ["x"], ["a"])
        try builder.node("Round", ["a"], ["b"])
        try builder.node("Add", ["a", "b"], ["y"])
        try builder.node("Neg", ["y"], ["z"])
        try builder.output("z", .float32)
        let model = builder.model
        let ids = try ["x", "a", "b", "y"].map { try value(model, $0) }
        let graph = try GradientGraph(model, inputShapes: [ids[0]: [2, 3]], targets: model.graph.outputs, wanted: ids)
        #expect(graph.incomplete == [ids[0], ids[1]])
        #expect(graph.gradients.count == 4)
        #expect(graph.barriers.map(\.operatorName) == ["Round"] && graph.barriers.map(\.node) == ["b_node"])
    }

    @Test func unknownOperatorsAreBarriers() throws {
        var builder = ModelBuilder(opset: 18)
        try builder.input("x", [2, 3])
        try builder.node("Relu", ["x"], ["a"])
        try builder.node("Strange", ["a"], ["b"], domain: "elsewhere")
        try builder.node("Relu", ["b"], ["y"])
        try builder.output("y", .float32)
        var model = builder.model
        _ = model.graph.addDeclaration("b", type: .tensor(TensorType(.float32, [2, 3])))
        let (x, a) = (try value(model, "x"), try value(model, "a"))
        let graph = try GradientGraph(model, inputShapes: [x: [2, 3]], targets: model.graph.outputs, wanted: [a])
        #expect(graph.gradients.isEmpty && graph.incomplete == [a])
        #expect(graph.barriers.map(\.reason) == ["unknown operator"])
    }

    @Test func shapeArithmeticIsNoWayForGradients() throws {
        var builder = ModelBuilder(opset: 18)
        try builder.input("x", [nil, 3, 2])
        try builder.node("Relu", ["x"], ["a"])
        try builder.node("Shape", ["a"], ["s"], [Attribute("end", 1)])
        try builder.constant("rest", try .integers([-1]))
        try builder.node("Concat", ["s", "rest"], ["t"], [Attribute("axis", 0)])
        try builder.node("Reshape", ["a", "t"], ["y"])
        try builder.output("y", .float32)
        let model = builder.model
        let (x, a) = (try value(model, "x"), try value(model, "a"))
        let graph = try GradientGraph(model, inputShapes: [x: [4, 3, 2]], targets: model.graph.outputs, wanted: [a])
        #expect(graph.incomplete.isEmpty && graph.barriers.isEmpty && graph.gradients[a] != nil)
    }
}
