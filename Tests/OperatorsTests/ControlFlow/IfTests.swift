import GraphIR
import Operators
import TestSupport
import Tensors
import Testing

@Suite struct IfTests {
    /// `y = If(c) { then } else { otherwise }`, x a vector of floats.
    private func model(
        opset: Int = 17,
        condition: TensorData? = nil,
        then: Graph,
        otherwise: Graph,
        outputs: [String] = ["y"]
    ) throws -> Model {
        var builder = ModelBuilder(opset: opset)
        try builder.input("x", [2])
        if let condition {
            try builder.constant("c", condition)
        } else {
            try builder.input("c", [], .bool)
        }
        try builder.node(
            "If",
            ["c"],
            outputs,
            [Attribute("then_branch", then), Attribute("else_branch", otherwise)]
        )
        for output in outputs { try builder.output(output) }
        return builder.model
    }

    private func branch(_ type: String, _ attributes: [Attribute] = []) throws -> Graph {
        try subgraph { (body) throws(CNNOptError) in
            try body.node(type, ["x"], ["result"], attributes)
            try body.output("result")
        }
    }

    private func flag(_ value: Bool) throws -> TensorData {
        try TensorData([Int64(value ? 1 : 0)], shape: []).cast(to: .bool)
    }

    @Test(arguments: [1, 11, 13, 16, 19, 21, 23, 24, 25], [true, false])
    func runsTheBranchThatTheConditionNames(_ opset: Int, _ condition: Bool) throws {
        let model = try model(opset: opset, then: branch("Neg"), otherwise: branch("Identity"))
        let x = try TensorData([Float(1), -2])
        let results = try runModel(model, ["x": x, "c": flag(condition)])
        // The outputs of both branches have one name.
        #expect(try results[0].array(of: Float.self) == (condition ? [-1, 2] : [1, -2]))
    }

    struct Merge: Sendable {
        let then: [Int]
        let otherwise: [Int]
        let merged: Shape?
    }

    @Test(arguments: [
        Merge(then: [2, 3], otherwise: [2, 3], merged: [2, 3]),
        Merge(then: [2, 3], otherwise: [2, 5], merged: [2, .unknown]),
        Merge(then: [2, 3], otherwise: [2], merged: nil),
    ])
    func typesSayWhatHoldsInBothBranches(_ item: Merge) throws {
        func constant(_ shape: [Int]) throws -> Graph {
            try subgraph { (body) throws(CNNOptError) in
                try body.constant("result", TensorData(zeros: .float32, shape: shape))
                try body.output("result")
            }
        }
        let model = try model(then: constant(item.then), otherwise: constant(item.otherwise))
        let output = try #require(model.graph.outputs.first)
        #expect(try GraphFacts(model).type(output) == TensorType(.float32, item.merged))
        let x = try TensorData([Float(1), -2])
        #expect(try runModel(model, ["x": x, "c": flag(true)])[0].shape == item.then)
        #expect(try runModel(model, ["x": x, "c": flag(false)])[0].shape == item.otherwise)
    }

    @Test func aKnownConditionMakesTheTypeThatOfItsBranch() throws {
        let model = try model(
            condition: flag(false),
            then: branch("Unsqueeze", [Attribute("axes", [0])]),
            otherwise: branch("Neg")
        )
        let output = try #require(model.graph.outputs.first)
        #expect(try GraphFacts(model).type(output).shape == [2])
    }

    @Test func aBranchThatNeverRunsMayContradictItself() throws {
        // The usual export: squeeze only where there is something to squeeze.
        let squeeze = try subgraph { (body) throws(CNNOptError) in
            try body.constant("axes", .integers([0]))
            try body.node("Squeeze", ["x", "axes"], ["result"])
            try body.output("result")
        }
        let model = try model(then: squeeze, otherwise: branch("Neg"))
        let x = try TensorData([Float(1), -2])
        #expect(try runModel(model, ["x": x, "c": flag(false)])[0].array(of: Float.self) == [-1, 2])
        #expect(throws: CNNOptError.self) { try runModel(model, ["x": x, "c": flag(true)]) }
    }

    @Test func anUnknownOperatorMattersWhereItsBranchRuns() throws {
        let model = try model(then: branch("Mystery"), otherwise: branch("Neg"))
        let x = try TensorData([Float(1), -2])
        #expect(try runModel(model, ["x": x, "c": flag(false)])[0].array(of: Float.self) == [-1, 2])
        let error = #expect(throws: CNNOptError.self) { try runModel(model, ["x": x, "c": flag(true)]) }
        #expect(error?.code == .unsupported)
        #expect(error?.location.operatorName == "Mystery")
        #expect(error?.location.node == "y_node/result_node")
    }

    @Test func whatIsNoConditionIsRefused() throws {
        let model = try model(then: branch("Neg"), otherwise: branch("Identity"))
        let x = try TensorData([Float(1), -2])
        let error = #expect(throws: CNNOptError.self) {
            try runModel(model, ["x": x, "c": TensorData([UInt8(1)], shape: [])])
        }
        #expect(error?.code == .usage)
        var builder = ModelBuilder()
        try builder.input("x", [2])
        try builder.input("c", [2], .bool)
        try builder.node(
            "If",
            ["c"],
            ["y"],
            [Attribute("then_branch", try branch("Neg")), Attribute("else_branch", try branch("Identity"))]
        )
        try builder.output("y")
        let two = #expect(throws: CNNOptError.self) {
            try runModel(builder.model, ["x": x, "c": TensorData(zeros: .bool, shape: [2])])
        }
        #expect(two?.code == .invalidModel)
    }

    @Test func branchesWithTooFewOutputsAreRefused() throws {
        let model = try model(then: branch("Neg"), otherwise: branch("Identity"), outputs: ["y", "z"])
        let error = #expect(throws: CNNOptError.self) { try GraphFacts(model) }
        #expect(error?.code == .invalidModel)
    }

    @Test func costsTheDearerBranch() throws {
        func product(_ columns: Int) throws -> Graph {
            try subgraph { (body) throws(CNNOptError) in
                try body.constant("w", TensorData(zeros: .float32, shape: [2, columns]))
                try body.node("MatMul", ["x", "w"], ["result"])
                try body.output("result")
            }
        }
        let open = try model(then: product(3), otherwise: product(5))
        #expect(try GraphFacts(open).cost(open.graph) == ExpandedCost(macs: 10))
        let known = try model(condition: flag(true), then: product(3), otherwise: product(5))
        #expect(try GraphFacts(known).cost(known.graph) == ExpandedCost(macs: 6))
    }
}
