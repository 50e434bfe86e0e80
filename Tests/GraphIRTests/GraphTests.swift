import GraphIR
import Tensors
import Testing

/// x → Relu → a → Relu → y
private func chain() throws -> Graph {
    var graph = Graph(name: "chain")
    try graph.addInput("x", type: .tensor(TensorType(.float32, [.symbol("N"), 4])))
    try graph.addOutput("y", type: nil)
    let (x, a, y) = (graph.internValue("x"), graph.internValue("a"), graph.internValue("y"))
    try graph.addNode(Node("Relu", name: "first", inputs: [x], outputs: [a]))
    try graph.addNode(Node("Relu", name: "second", inputs: [a], outputs: [y]))
    try graph.verify()
    return graph
}

@Suite struct GraphTests {
    @Test func aMissingValueIsNamed() throws {
        var graph = Graph()
        try graph.addOutput("y", type: nil)
        try graph.addNode(
            Node("Relu", name: "r", inputs: [graph.internValue("nowhere")], outputs: [graph.internValue("y")])
        )
        let error = #expect(throws: CNNOptError.self) { try graph.verify() }
        #expect(error?.message.contains("'nowhere'") == true)
        #expect(error?.location.node == "r")
    }

    @Test func twoProducersAreRefused() throws {
        var graph = try chain()
        let (x, y) = (graph.internValue("x"), graph.internValue("y"))
        #expect(throws: CNNOptError.self) { try graph.addNode(Node("Relu", inputs: [x], outputs: [y])) }
    }

    @Test func aCycleIsRefused() throws {
        var graph = Graph()
        let (a, b) = (graph.internValue("a"), graph.internValue("b"))
        try graph.addNode(Node("Relu", name: "one", inputs: [a], outputs: [b]))
        try graph.addNode(Node("Relu", name: "two", inputs: [b], outputs: [a]))
        let error = #expect(throws: CNNOptError.self) { try graph.verify() }
        #expect(error?.message.contains("cycle") == true)
    }

    @Test func unsortedNodesGetAStableOrder() throws {
        var graph = Graph()
        try graph.addInput("x", type: nil)
        try graph.addOutput("y", type: nil)
        let (x, a, y) = (graph.internValue("x"), graph.internValue("a"), graph.internValue("y"))
        let late = try graph.addNode(Node("Relu", inputs: [a], outputs: [y]))
        let early = try graph.addNode(Node("Relu", inputs: [x], outputs: [a]))
        #expect(try graph.topologicalOrder() == [early, late])
        #expect(Array(graph.nodeIDs) == [late, early])
    }
}

@Suite struct PatchTests {
    @Test func removingANodeRedirectsItsUsers() throws {
        var graph = try chain()
        let (x, a) = (graph.internValue("x"), graph.internValue("a"))
        let first = try #require(graph[a].producer?.node)
        var patch = Patch(graph, author: "test")
        patch.redirectUses(of: a, to: x)
        patch.removeNode(first)
        try graph.apply(patch)
        try graph.verify()
        #expect(graph.nodeCount == 1)
        #expect(graph[x].uses.count == 1)
        #expect(graph.value(named: "a") == nil)
    }

    @Test func insertingANodeKeepsTheOrder() throws {
        var graph = try chain()
        let a = graph.internValue("a")
        let first = try #require(graph[a].producer?.node)
        var patch = Patch(graph, author: "test")
        let b = patch.addValue("a", in: graph)
        let inserted = patch.addNode(Node("Tanh", inputs: [a], outputs: [b]), after: first)
        patch.redirectUses(of: a, to: b)
        try graph.apply(patch)
        try graph.verify()
        #expect(graph[b].name == "a_1")
        #expect(graph.nodeIDs.map { graph[$0].operatorType } == ["Relu", "Tanh", "Relu"])
        #expect(graph[inserted].madeBy == "test")
    }

    @Test func aNewNodeMayTakeARemovedOnesPlace() throws {
        var graph = try chain()
        let first = try #require(Array(graph.nodeIDs).first)
        let node = graph[first]
        var patch = Patch(graph, author: "test")
        let between = patch.addValue("between", in: graph)
        let new = patch.addNode(Node("Neg", inputs: node.inputs, outputs: [between]), after: first)
        patch.addNode(Node("Abs", inputs: [between], outputs: node.outputs), after: new)
        patch.removeNode(first)
        try graph.apply(patch)
        try graph.verify()
        #expect(Array(graph.nodeIDs).map { graph[$0].operatorType } == ["Neg", "Abs", "Relu"])
    }

    @Test func aStalePatchIsRefused() throws {
        var graph = try chain()
        let patch = Patch(graph, author: "test")
        _ = graph.internValue("new")
        #expect(throws: CNNOptError.self) { try graph.apply(patch) }
    }

    @Test func aPatchThatLeavesAUseWithoutSourceChangesNothing() throws {
        var graph = try chain()
        let first = try #require(graph.nodeIDs.first { _ in true })
        var patch = Patch(graph, author: "test")
        patch.removeNode(first)
        let before = graph.description
        #expect(throws: CNNOptError.self) { try graph.apply(patch) }
        #expect(graph.description == before)
    }

    @Test func aConstantThatIsAnInputKeepsTheDeclaredShapeInStep() throws {
        var graph = Graph()
        try graph.addInput("w", type: .tensor(TensorType(.float32, [2])))
        var constant = Constant(try TensorData([1, 2] as [Float]))
        constant.name = "w"
        try graph.addInitializer(constant)
        let w = graph.internValue("w")
        #expect(graph.feeds.isEmpty)
        var patch = Patch(graph, author: "test")
        patch.setConstant(w, try TensorData([1] as [Float]))
        try graph.apply(patch)
        #expect(graph[w].type?.tensor?.sizes == [1])
    }
}
