import GraphIR
import Operators
import TestSupport
import Tensors
import Testing

@Suite struct GraphFactsTests {
    @Test func declaredSizesDoNotReplaceInferredSymbols() throws {
        var builder = ModelBuilder()
        try builder.input("x", [nil, 3])
        try builder.node("Relu", ["x"], ["a"])
        try builder.node("Mystery", ["a"], ["b"])
        try builder.output("b")
        var graph = builder.model.graph
        let declared = ValueType.tensor(TensorType(.float32, [1, 3]))
        let isTaken = graph.addDeclaration("a", type: declared)
        #expect(isTaken)
        var model = builder.model
        model.graph = graph
        let facts = try GraphFacts(model)
        let a = try #require(graph.value(named: "a"))
        #expect(facts.type(a).shape == [.symbol("d0"), 3])
    }

    @Test func factsAreKeptUpToDateWhileAGraphIsEdited() throws {
        var builder = ModelBuilder()
        try builder.input("x", [nil, 3, 4])
        try builder.node("Mystery", ["x"], ["size"])
        try builder.node("Reshape", ["x", "size"], ["a"])
        try builder.node("Relu", ["a"], ["b"])
        try builder.node("Shape", ["b"], ["sizes"])
        try builder.output("b")
        try builder.output("sizes")
        var model = builder.model
        var facts = try GraphFacts(model)
        let value = { (name: String) throws in try #require(model.graph.value(named: name)) }
        let (a, b, sizes) = (try value("a"), try value("b"), try value("sizes"))
        #expect(facts.type(b).shape == nil)

        // The unknown node gives way to stored sizes: what is behind the Reshape is known then, and nothing else is asked.
        let mystery = try #require(model.graph[try value("size")].producer?.node)
        var patch = Patch(model.graph, author: "test")
        patch.removeNode(mystery)
        patch.setConstant(try value("size"), try .integers([6, 2]))
        var stale = try facts.update(after: model.graph.apply(patch), model.graph)
        var refreshed: [NodeID] = []
        while !stale.isEmpty {
            refreshed.append(stale.removeFirst())
            if let last = refreshed.last { stale += try facts.refresh(last, model.graph) }
        }
        #expect(refreshed.map { model.graph[$0].operatorType } == ["Reshape", "Relu", "Shape"])
        let fresh = try GraphFacts(model)
        for id in [a, b, sizes] {
            #expect(facts.type(id) == fresh.type(id))
            #expect(facts.constant(id, model.graph)?.integers() == fresh.constant(id, model.graph)?.integers())
        }
        #expect(facts.constant(sizes, model.graph)?.integers() == [6, 2])

        // New nodes and values are known as well.
        let relu = try #require(model.graph[b].producer?.node)
        patch = Patch(model.graph, author: "test")
        let between = patch.addValue("between", in: model.graph)
        patch.addNode(Node("Abs", inputs: [a], outputs: [between]), after: nil)
        var node = model.graph[relu]
        node.inputs = [between]
        patch.replaceNode(relu, with: node)
        _ = try facts.update(after: model.graph.apply(patch), model.graph)
        #expect(facts.type(between).shape == [6, 2])
        #expect(
            facts.definition(try #require(model.graph[between].producer?.node), model.graph)?.schema.name.type == "Abs"
        )
    }
}
