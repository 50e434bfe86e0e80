import GraphIR
import TestSupport
import Tensors
import Testing

@testable import CNNOpt

@Suite struct InnerGraphSummaryTests {
    @Test func countsWhatFunctionsAndBranchesHold() throws {
        let convolution = try localFunction("Block", inputs: ["a"]) { (body) throws(CNNOptError) in
            let weight = Constant(try .random([4, 3, 3, 3], seed: 1))
            try body.node("Constant", [], ["w"], [Attribute("value", .tensor(weight))])
            try body.node("Conv", ["a", "w"], ["b"])
            try body.output("b")
        }
        let branch = try subgraph { (branch) throws(CNNOptError) in
            try branch.constant("w2", .random([2, 4, 1, 1], seed: 2))
            try branch.node("Conv", ["b", "w2"], ["r"])
            try branch.output("r")
        }
        var builder = ModelBuilder()
        try builder.input("x", [nil, 3, 6, 6])
        try builder.input("c", [], .bool)
        try builder.node("Block", ["x"], ["b"], domain: "local")
        try builder.node("Block", ["x"], ["d"], domain: "local")
        try builder.node(
            "If",
            ["c"],
            ["y"],
            [Attribute("then_branch", branch), Attribute("else_branch", branch)]
        )
        try builder.output("y")
        try builder.output("d")
        var model = builder.model
        model.functions = [convolution]
        let summary = try ModelSummary(model, fileBytes: 0)
        // Two calls of 4·3·9 at 4·4 places, and one branch of 2·4 there; the function's weight once, the branch's in each.
        #expect(summary.macs == 2 * 4 * 3 * 9 * 16 + 2 * 4 * 16)
        #expect(summary.parameters == 4 * 3 * 9 + 2 * 2 * 4)
        #expect(summary.unknownNodes == 0)
        #expect(summary.operators == ["local.Block": 2, "If": 1])
    }
}
