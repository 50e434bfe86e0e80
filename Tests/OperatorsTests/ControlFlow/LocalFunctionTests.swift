import Execution
import GraphIR
import Operators
import TestSupport
import Tensors
import Testing

@Suite struct LocalFunctionTests: LocalFunctionSuite {
    @Test func aCallGivesWhatTheBodyComputes() throws {
        let double = try localFunction("f", inputs: ["a"]) { (body) throws(CNNOptError) in
            try body.node("Add", ["a", "a"], ["b"])
            try body.node("Neg", ["b"], ["c"])
            try body.output("c")
            try body.output("b")
        }
        var builder = ModelBuilder()
        try builder.input("x", [2])
        // Names of the body may be names of the model.
        try builder.node("f", ["x"], ["b", "a"], domain: "local")
        try builder.node("f", ["a"], ["c"], domain: "local")
        for name in ["b", "a", "c"] { try builder.output(name) }
        var model = builder.model
        model.functions = [double]
        let results = try runModel(model, ["x": TensorData(x)]).map { (tensor) in try tensor.array(of: Float.self) }
        #expect(results == [[4, -6], [-4, 6], [8, -12]])
        let facts = try GraphFacts(model)
        #expect(facts.type(model.graph.outputs[2]) == TensorType(.float32, [2]))
    }

    struct Slope: Sendable {
        let given: Float?
        let standard: Float?
        let result: Float
    }

    /// The slope given at the call, the function's default, and the operator's own.
    @Test(arguments: [
        Slope(given: 0.5, standard: 0.25, result: -1), Slope(given: 0.5, standard: nil, result: -1),
        Slope(given: nil, standard: 0.25, result: -0.5), Slope(given: nil, standard: nil, result: -0.02),
    ])
    func attributesReferToThoseOfTheCall(_ item: Slope) throws {
        let leaky = try localFunction(
            "f",
            inputs: ["a"],
            attributes: item.standard == nil ? ["slope"] : [],
            defaults: item.standard.map { [Attribute("slope", $0)] } ?? []
        ) { (body) throws(CNNOptError) in
            try body.node("LeakyRelu", ["a"], ["b"], [.reference("alpha", to: "slope")])
            try body.output("b")
        }
        // The same through a second function and a branch.
        let outer = try localFunction("g", inputs: ["a"], attributes: ["s"]) { (body) throws(CNNOptError) in
            let branch = try subgraph { (branch) throws(CNNOptError) in
                try branch.node("f", ["a"], ["r"], [.reference("slope", to: "s")], domain: "local")
                try branch.output("r")
            }
            try body.constant("yes", TensorData([Int64(1)], shape: []).cast(to: .bool))
            try body.node(
                "If",
                ["yes"],
                ["b"],
                [Attribute("then_branch", branch), Attribute("else_branch", branch)]
            )
            try body.output("b")
        }
        let direct = try model([leaky], attributes: item.given.map { [Attribute("slope", $0)] } ?? [])
        #expect(try run(direct) == [item.result, 3])
        let nested = try model(
            [leaky, outer],
            call: "g",
            attributes: item.given.map { [Attribute("s", $0)] } ?? []
        )
        #expect(try run(nested) == [item.result, 3])
    }

    @Test(arguments: [
        (["x"], [Float(-2), 3]), (["x", "zero"], [0, 3]), (["x", "", "one"], [-2, 1]), (["x", "zero", "one"], [0, 1]),
    ])
    func optionalInputsMayBeLeftOut(_ inputs: [String], _ wanted: [Float]) throws {
        let clip = try localFunction("f", inputs: ["a", "low", "high"]) { (body) throws(CNNOptError) in
            try body.node("Clip", ["a", "low", "high"], ["b"])
            try body.output("b")
        }
        var builder = ModelBuilder()
        try builder.input("x", [2])
        try builder.constant("zero", TensorData([Float(0)], shape: []))
        try builder.constant("one", TensorData([Float(1)], shape: []))
        try builder.node("f", inputs, ["y"], domain: "local")
        try builder.output("y")
        var model = builder.model
        model.functions = [clip]
        #expect(try run(model) == wanted)
    }

    @Test func overloadsAreFunctionsOfTheirOwn() throws {
        let functions = try [("", "Neg"), ("abs", "Abs")].map { overload, operation in
            try localFunction("f", inputs: ["a"], overload: overload) { (body) throws(CNNOptError) in
                try body.node(operation, ["a"], ["b"])
                try body.output("b")
            }
        }
        var builder = ModelBuilder()
        try builder.input("x", [2])
        var graph = builder.model.graph
        for (name, overload) in [("y", nil), ("z", "abs")] {
            var node = Node(
                "f",
                domain: "local",
                inputs: [graph.internValue("x")],
                outputs: [graph.internValue(name)]
            )
            node.overload = overload
            try graph.addNode(node)
            try graph.addOutput(name, type: nil)
        }
        var model = builder.model
        model.graph = graph
        model.functions = functions
        let results = try runModel(model, ["x": TensorData(x)]).map { (tensor) in try tensor.array(of: Float.self) }
        #expect(results == [[2, -3], [2, 3]])
        model.functions = [functions[0], functions[0]]
        let error = #expect(throws: CNNOptError.self) { try GraphFacts(model) }
        #expect(error?.code == .invalidModel)
    }

    @Test func aFunctionHasItsOwnOperatorSets() throws {
        // Before 13, Softmax takes all axes from the first on together.
        let old = try localFunction("f", inputs: ["a"], opset: 11) { (body) throws(CNNOptError) in
            try body.node("Softmax", ["a"], ["b"], [Attribute("axis", 0)])
            try body.output("b")
        }
        var builder = ModelBuilder(opset: 17)
        try builder.input("x", [2, 2])
        try builder.node("f", ["x"], ["y"], domain: "local")
        try builder.node("Softmax", ["x"], ["z"], [Attribute("axis", 0)])
        try builder.output("y")
        try builder.output("z")
        var model = builder.model
        model.functions = [old]
        let results = try runModel(model, ["x": TensorData(zeros: .float32, shape: [2, 2])])
        #expect(try results[0].array(of: Float.self) == [0.25, 0.25, 0.25, 0.25])
        #expect(try results[1].array(of: Float.self) == [0.5, 0.5, 0.5, 0.5])
    }

    @Test(arguments: ["", "ai.onnx", nil])
    func aFunctionComesBeforeAnOperatorOfItsName(_ domain: String?) throws {
        let negation = try localFunction("Relu", inputs: ["a"], domain: domain) { (body) throws(CNNOptError) in
            try body.node("Neg", ["a"], ["b"])
            try body.output("b")
        }
        let model = try model([negation], call: "Relu", domain: nil)
        #expect(try run(model) == [2, -3])
        let node = try #require(Array(model.graph.nodeIDs).first)
        let facts = try GraphFacts(model)
        #expect(facts.definition(node, model.graph) == nil)
    }

    @Test func shapeArithmeticGoesThroughCalls() throws {
        let shape = try localFunction("f", inputs: ["a", "b"]) { (body) throws(CNNOptError) in
            try body.node("Shape", ["a"], ["s"])
            try body.node("Concat", ["s", "b"], ["c"], [Attribute("axis", 0)])
            try body.output("c")
        }
        var builder = ModelBuilder()
        try builder.input("x", [2])
        try builder.constant("one", .integers([1]))
        try builder.node("f", ["x", "one"], ["target"], domain: "local")
        try builder.node("Reshape", ["x", "target"], ["y"])
        try builder.output("y")
        var model = builder.model
        model.functions = [shape]
        #expect(try GraphFacts(model).type(model.graph.outputs[0]).shape == [2, 1])
        #expect(try run(model) == x)
    }

    @Test func costsWhatIsInside() throws {
        let product = try localFunction("f", inputs: ["a", "w"]) { (body) throws(CNNOptError) in
            try body.node("MatMul", ["a", "w"], ["b"])
            try body.node("Mystery", ["b"], ["c"])
            try body.node("MatMul", ["a", "w"], ["d"])
            try body.output("d")
        }
        var builder = ModelBuilder()
        try builder.input("x", [2, 3])
        try builder.constant("w", TensorData(zeros: .float32, shape: [3, 3]))
        try builder.node("f", ["x", "w"], ["h"], domain: "local")
        try builder.node("f", ["h", "w"], ["y"], domain: "local")
        try builder.output("y")
        var model = builder.model
        model.functions = [product]
        let facts = try GraphFacts(model)
        // Two calls of two products of 2·3·3.
        #expect(try facts.cost(model.graph) == ExpandedCost(macs: 72, unknownNodes: 2))
        // What no output needs is not run.
        let results = try runModel(model, ["x": TensorData(zeros: .float32, shape: [2, 3])])
        #expect(results[0].shape == [2, 3])
    }

    @Test func aCallThatDoesNotFitIsRefused() throws {
        let negation = try localFunction("f", inputs: ["a"]) { (body) throws(CNNOptError) in
            try body.node("Neg", ["a"], ["b"])
            try body.output("b")
        }
        for model in [
            try model([negation], inputs: ["x", "x"]), try model([negation], outputs: ["y", "z"]),
        ] {
            let error = #expect(throws: CNNOptError.self) { try run(model) }
            #expect(error?.code == .invalidModel)
        }
        // A needed input that is left out.
        let error = #expect(throws: CNNOptError.self) { try run(model([negation], inputs: [""])) }
        #expect(error?.code == .invalidModel)
    }

    @Test func anErrorNamesTheWayToTheNode() throws {
        let bad = try localFunction("f", inputs: ["a"]) { (body) throws(CNNOptError) in
            try body.node("Mystery", ["a"], ["b"])
            try body.output("b")
        }
        let error = #expect(throws: CNNOptError.self) { try run(model([bad])) }
        #expect(error?.code == .unsupported)
        #expect(error?.location.node == "y_node/b_node")
        #expect(error?.location.operatorName == "Mystery")
    }
}
