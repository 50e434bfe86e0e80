import GraphIR
import Passes
import TestSupport
import Tensors
import Testing

/// Branches that certainly run, and loops that certainly do not.
@Suite struct CertainFlowTests {
    private func flag(_ value: Bool) throws -> TensorData {
        try TensorData(doubles: [value ? 1 : 0], as: .bool, shape: [])
    }

    /// name → Relu or Neg of `a`, added to a stored tensor.
    private func branch(_ type: String) throws -> Graph {
        var body = Graph(name: type)
        try body.addInitializer(Constant(name: "shift", TensorData([1, 2, 3] as [Float])))
        let (a, inner) = (body.internValue("a"), body.internValue("inner"))
        try body.addNode(Node(type, name: "first", inputs: [a], outputs: [inner]))
        try body.addNode(
            Node("Add", name: "second", inputs: [inner, body.internValue("shift")], outputs: [body.internValue("r")])
        )
        try body.addOutput("r", type: nil)
        try body.addOutput("a", type: nil)
        return body
    }

    private func conditional(_ condition: Bool?, around names: [String] = []) throws -> ModelBuilder {
        var builder = ModelBuilder()
        try builder.input("x", [nil, 3])
        if let condition { try builder.constant("flag", flag(condition)) } else { try builder.input("flag", [], .bool) }
        try builder.node("Tanh", ["x"], ["a"])
        var last = "a"
        for name in names { last = try builder.node("Exp", [last], [name]) }
        try builder.node(
            "If",
            ["flag"],
            ["p", "q"],
            [Attribute("then_branch", .graph(branch("Relu"))), Attribute("else_branch", .graph(branch("Neg")))]
        )
        try builder.node("Mul", ["p", "q"], ["m"])
        try builder.node("Sub", ["m", last], ["y"])
        try builder.output("y")
        return builder
    }

    @Test(arguments: [true, false])
    func theBranchTakesThePlaceOfTheNode(_ condition: Bool) throws {
        let (model, report) = try simplified(conditional(condition).model)
        #expect(model.graph.operatorTypes == ["Tanh", condition ? "Relu" : "Neg", "Add", "Mul", "Sub"])
        #expect(report.notes.contains("branches taken: 1"))
    }

    @Test func namesThatAreTakenAreChanged() throws {
        let (model, _) = try simplified(conditional(true, around: ["inner", "shift"]).model)
        #expect(model.graph.operatorTypes == ["Tanh", "Exp", "Exp", "Relu", "Add", "Mul", "Sub"])
        #expect(model.graph.initializers.map { model.graph[$0].name } == ["p_node_shift"])
    }

    @Test func aConditionThatIsFedDecidesAtRunTime() throws {
        #expect(try simplified(conditional(nil).model).model.graph.operatorTypes == ["Tanh", "If", "Mul", "Sub"])
    }

    @Test func outputsOfTheModelKeepTheirNames() throws {
        var builder = ModelBuilder()
        try builder.input("a", [nil, 3])
        try builder.constant("flag", flag(true))
        try builder.node(
            "If",
            ["flag"],
            ["p", "q"],
            [Attribute("then_branch", .graph(branch("Relu"))), Attribute("else_branch", .graph(branch("Neg")))]
        )
        try builder.output("p")
        try builder.output("q")
        let (model, _) = try simplified(builder.model)
        #expect(model.graph.operatorTypes == ["Relu", "Add", "Identity"])
    }

    private func loop(trips: Int, condition: Bool?) throws -> ModelBuilder {
        var body = Graph(name: "body")
        try body.addInput("i", type: .tensor(TensorType(.int64, [])))
        try body.addInput("go", type: .tensor(TensorType(.bool, [])))
        try body.addInput("s", type: .tensor(TensorType(.float32, nil)))
        let (go, s) = (body.internValue("go"), body.internValue("s"))
        try body.addNode(Node("Identity", inputs: [go], outputs: [body.internValue("on")]))
        try body.addNode(Node("Exp", inputs: [s], outputs: [body.internValue("next")]))
        try body.addNode(Node("Tanh", inputs: [s], outputs: [body.internValue("kept")]))
        for name in ["on", "next", "kept"] { try body.addOutput(name, type: nil) }
        var builder = ModelBuilder()
        try builder.input("x", [2, 3])
        try builder.constant("trips", TensorData([Int64(trips)], shape: []))
        if let condition { try builder.constant("flag", flag(condition)) }
        try builder.node("Relu", ["x"], ["a"])
        try builder.node(
            "Loop",
            ["trips", condition == nil ? "" : "flag", "a"],
            ["last", "all"],
            [Attribute("body", .graph(body))]
        )
        try builder.node("Neg", ["last"], ["y"])
        try builder.node("ReduceSum", ["all"], ["total"])
        try builder.output("y")
        try builder.output("total")
        return builder
    }

    @Test(arguments: [(0, nil), (0, true), (5, false)] as [(Int, Bool?)])
    func aLoopWithoutTripsGoes(_ trips: Int, _ condition: Bool?) throws {
        let (model, report) = try simplified(loop(trips: trips, condition: condition).model)
        #expect(!model.graph.operatorTypes.contains("Loop"))
        #expect(report.notes.contains("loops without trips removed: 1"))
    }

    @Test(arguments: [(1, nil), (2, true)] as [(Int, Bool?)])
    func aLoopWithTripsStays(_ trips: Int, _ condition: Bool?) throws {
        let (model, _) = try simplified(loop(trips: trips, condition: condition).model)
        #expect(model.graph.operatorTypes.contains("Loop"))
    }
}
