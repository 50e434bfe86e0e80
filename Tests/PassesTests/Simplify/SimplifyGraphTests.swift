import GraphIR
import Passes
import TestSupport
import Tensors
import Testing

/// The model after the pass, checked to compute the same.
func simplified(_ model: Model, within tolerance: Double = 0) throws -> (model: Model, report: PassReport) {
    var result = model
    let report = try SimplifyPass().run(&result, PassContext())
    #expect(try relativeDifference(model, result) <= tolerance)
    #expect(result.graph.feeds.map { result.graph[$0].name } == model.graph.feeds.map { model.graph[$0].name })
    return (result, report)
}

@Suite struct SimplifyGraphTests {
    @Test func constantNodesAreStoredAndFolded() throws {
        var builder = ModelBuilder()
        try builder.input("x", [2, 3])
        try builder.node("Constant", [], ["a"], [Attribute("value_floats", .floats([1, 2, 3]))])
        try builder.node("Constant", [], ["b"], [Attribute("value_float", Float(2))])
        try builder.node("Add", ["a", "b"], ["c"])
        try builder.node("Add", ["x", "c"], ["y"])
        try builder.output("y")
        let (model, report) = try simplified(builder.model)
        #expect(model.graph.operatorTypes == ["Add"])
        #expect(model.graph.initializers.map { model.graph[$0].name } == ["c"])
        #expect(try model.graph.constant(model.graph.value(named: "c"))?.doubles() == [3, 4, 5])
        #expect(report.notes.contains("constants folded: 1"))
        #expect(report.notes.contains("constant nodes stored as initialisers: 2"))
    }

    @Test func constantsThatAreOutputsKeepTheirNode() throws {
        var builder = ModelBuilder()
        try builder.input("x", [3])
        try builder.node("Constant", [], ["a"], [Attribute("value_floats", .floats([1, 2, 3]))])
        try builder.node("Relu", ["a"], ["b"])
        try builder.node("Relu", ["x"], ["y"])
        for name in ["a", "b", "y"] { try builder.output(name, .float32) }
        let (model, _) = try simplified(builder.model)
        #expect(model.graph.operatorTypes == ["Constant", "Relu", "Relu"])
    }

    @Test func deadNodesAndUnusedInitialisersGo() throws {
        var builder = ModelBuilder()
        try builder.input("x", [3])
        try builder.constant("used", TensorData([1, 2, 3] as [Float]))
        try builder.constant("unused", TensorData([1, 2, 3] as [Float]))
        try builder.node("Add", ["x", "used"], ["y"])
        try builder.node("Relu", ["y"], ["dead"])
        try builder.node("Relu", ["dead"], ["deader"])
        try builder.node("Mystery", ["y"], ["kept"], domain: "other.domain")
        try builder.output("y")
        var model = builder.model
        model.setOpset(1, domain: "other.domain")
        let report = try SimplifyPass().run(&model, PassContext())
        #expect(model.graph.operatorTypes == ["Add", "Mystery"])
        #expect(model.graph.initializers.map { model.graph[$0].name } == ["used"])
        #expect(model.graph.value(named: "dead") == nil)
        #expect(report.notes.contains("dead nodes removed: 2"))
        #expect(report.notes.contains("unused initialisers removed: 1"))
    }

    @Test func addingZeroIsNothing() throws {
        var builder = ModelBuilder()
        try builder.input("x", [2, 3])
        try builder.constant("zero", TensorData([0, 0, 0] as [Float]))
        try builder.constant("wider", TensorData([0, 0, 0] as [Float], shape: [1, 1, 3]))
        try builder.node("Relu", ["x"], ["a"])
        try builder.node("Add", ["zero", "a"], ["b"])
        try builder.node("Add", ["b", "wider"], ["c"])
        try builder.node("Add", ["c", "zero"], ["y"])
        try builder.output("y")
        let (model, report) = try simplified(builder.model)
        // The addition that adds a dimension stays; the last one's output is the graph's, and the one before makes it.
        #expect(model.graph.operatorTypes == ["Relu", "Add"])
        #expect(report.notes.contains("nodes without effect removed: 2"))
        #expect(Array(model.graph.nodeIDs).map { model.graph[$0].name } == ["a_node", "c_node"])
    }

    @Test func aChainFromInputToOutputKeepsOneNode() throws {
        var builder = ModelBuilder()
        try builder.input("x", [2])
        try builder.constant("zero", TensorData([0, 0] as [Float]))
        try builder.node("Add", ["x", "zero"], ["a"])
        try builder.node("Add", ["a", "zero"], ["y"])
        try builder.output("y")
        #expect(try simplified(builder.model).model.graph.operatorTypes == ["Add"])
    }

    @Test func capturedNamesStay() throws {
        var body = Graph(name: "body")
        let inside = body.internValue("result")
        try body.addNode(Node("Relu", inputs: [body.internValue("a")], outputs: [inside]))
        try body.addOutput("result", type: nil)
        var builder = ModelBuilder()
        try builder.input("x", [2])
        try builder.input("flag", [], .bool)
        try builder.constant("zero", TensorData([0, 0] as [Float]))
        try builder.node("Add", ["x", "zero"], ["a"])
        try builder.node("Relu", ["a"], ["b"])
        try builder.node("If", ["flag"], ["y"], [Attribute("then_branch", body), Attribute("else_branch", body)])
        try builder.output("b")
        try builder.output("y")
        var model = builder.model
        _ = try SimplifyPass().run(&model, PassContext())
        #expect(model.graph.operatorTypes == ["Add", "Relu", "If"])
    }

    @Test func initialisersLeaveTheInputsOfOldFiles() throws {
        var builder = ModelBuilder(opset: 8, irVersion: 3)
        try builder.input("x", [3])
        try builder.input("w", [3])
        try builder.input("unused", [3])
        try builder.constant("w", TensorData([1, 2, 3] as [Float]))
        try builder.constant("unused", TensorData([1, 2, 3] as [Float]))
        try builder.node("Add", ["x", "w"], ["y"])
        try builder.output("y")
        let (model, _) = try simplified(builder.model)
        #expect(model.graph.inputs.map { model.graph[$0].name } == ["x"])
        #expect(model.graph.initializers.map { model.graph[$0].name } == ["w"])
        #expect(model.irVersion == 4)
    }

    @Test func hugeResultsAreNotStored() throws {
        var builder = ModelBuilder()
        try builder.input("x", [1])
        try builder.constant("column", TensorData(zeros: .float32, shape: [1024, 1]))
        try builder.constant("row", TensorData(zeros: .float32, shape: [1, 1024]))
        try builder.node("Add", ["column", "row"], ["table"])
        try builder.node("Add", ["table", "x"], ["y"])
        try builder.output("y")
        #expect(try simplified(builder.model).model.graph.operatorTypes == ["Add", "Add"])
    }
}
