import Execution
import GraphIR
import Operators
import TestSupport
import Tensors
import Testing

/// Values that graphs inside nodes use by name.
@Suite struct CaptureTests {
    private func flag(_ value: Bool) throws(CNNOptError) -> TensorData {
        try TensorData.make(UInt8.self, as: .bool, shape: []) { (flag) throws(CNNOptError) in flag[0] = value ? 1 : 0 }
    }

    /// Two trips of `s + a + b`, where `a` is of the graph around the branch and `b` of the branch itself.
    private func trips() throws -> Graph {
        try subgraph { (body) throws(CNNOptError) in
            try body.input("i", [], .int64)
            try body.input("go", [], .bool)
            try body.input("s", [2])
            try body.node("Add", ["s", "a"], ["t"])
            try body.node("Add", ["t", "b"], ["u"])
            for name in ["go", "u"] { try body.output(name) }
        }
    }

    private func nested() throws -> Model {
        let body = try trips()
        let then = try subgraph { (branch) throws(CNNOptError) in
            try branch.constant("m", TensorData([Int64(2)], shape: []))
            try branch.node("Mul", ["x", "x"], ["b"])
            try branch.node("Loop", ["m", "", "x"], ["r"], [Attribute("body", body)])
            try branch.output("r")
        }
        let otherwise = try subgraph { (branch) throws(CNNOptError) in
            // The same names for other things.
            try branch.node("Neg", ["a"], ["b"])
            try branch.node("Neg", ["b"], ["r"])
            try branch.output("r")
        }
        var builder = ModelBuilder()
        try builder.input("x", [2])
        try builder.input("c", [], .bool)
        try builder.node("Exp", ["zeros"], ["ones"])
        try builder.constant("zeros", TensorData(zeros: .float32, shape: [2]))
        try builder.node("Sub", ["x", "ones"], ["a"])
        try builder.node("Relu", ["a"], ["early"])
        try builder.node("Neg", ["early"], ["later"])
        try builder.node(
            "If",
            ["c"],
            ["y"],
            [Attribute("then_branch", then), Attribute("else_branch", otherwise)]
        )
        try builder.output("later")
        try builder.output("y")
        return builder.model
    }

    @Test func reachThroughSeveralLevels() throws {
        let x = try TensorData([Float(2), 3])
        // a = [1, 2], b = [4, 9], two trips from x: x + 2a + 2b.
        let then = try runModel(nested(), ["x": x, "c": flag(true)])
        #expect(try then[1].array(of: Float.self) == [12, 25])
        #expect(try then[0].array(of: Float.self) == [-1, -2])
        let otherwise = try runModel(nested(), ["x": x, "c": flag(false)])
        #expect(try otherwise[1].array(of: Float.self) == [1, 2])
    }

    @Test func areComputedForATargetThatNeedsThem() throws {
        let model = try nested()
        let y = try #require(model.graph.value(named: "y"))
        let (x, c) = try (
            #require(model.graph.value(named: "x")), #require(model.graph.value(named: "c"))
        )
        let plan = try ExecutionPlan(model, targets: [y])
        let results = try plan.run([x: TensorData([Float(2), 3]), c: flag(true)], threads: 1)
        #expect(try results[0].array(of: Float.self) == [12, 25])
    }

    @Test func typesAreKnownInside() throws {
        let facts = try GraphFacts(nested())
        let y = try #require(nested().graph.value(named: "y"))
        #expect(facts.type(y) == TensorType(.float32, [2]))
    }

    /// A branch of no nodes whose output is a value, an initialiser or an input of the graph around it.
    @Test(arguments: ["x", "stored", "computed"])
    func aBranchMayHandOnWhatItCaptures(_ name: String) throws {
        let branch = try subgraph { (branch) throws(CNNOptError) in try branch.output(name) }
        var builder = ModelBuilder()
        try builder.input("x", [2])
        try builder.input("c", [], .bool)
        try builder.constant("stored", TensorData([Float(5), 6]))
        try builder.node("Neg", ["x"], ["computed"])
        try builder.node(
            "If",
            ["c"],
            ["y"],
            [Attribute("then_branch", branch), Attribute("else_branch", branch)]
        )
        try builder.output("y")
        let results = try runModel(builder.model, ["x": TensorData([Float(1), 2]), "c": flag(true)])
        let wanted: [String: [Float]] = ["x": [1, 2], "stored": [5, 6], "computed": [-1, -2]]
        #expect(try results[0].array(of: Float.self) == wanted[name])
    }

    @Test func graphsNestAsDeepAsAFileMay() throws {
        // y = x + 1 + 1 … through 40 conditions, one in the other.
        var branch = try subgraph { (branch) throws(CNNOptError) in
            try branch.node("Add", ["x", "one"], ["r"])
            try branch.output("r")
        }
        for level in 0..<40 {
            let inner = branch
            branch = try subgraph { (branch) throws(CNNOptError) in
                try branch.node(
                    "If",
                    ["c"],
                    ["q\(level)"],
                    [Attribute("then_branch", inner), Attribute("else_branch", inner)]
                )
                try branch.node("Add", ["q\(level)", "one"], ["r"])
                try branch.output("r")
            }
            // Two copies at each level would be 2⁴⁰ graphs: one side is a leaf.
            var node = branch[try #require(Array(branch.nodeIDs).first)]
            let leaf = try subgraph { (leaf) throws(CNNOptError) in try leaf.output("x") }
            node.setAttribute(Attribute("else_branch", leaf))
            var patch = Patch(branch, author: "test")
            patch.replaceNode(try #require(Array(branch.nodeIDs).first), with: node)
            try branch.apply(patch)
        }
        let leaf = try subgraph { (leaf) throws(CNNOptError) in try leaf.output("x") }
        var builder = ModelBuilder()
        try builder.input("x", [1])
        try builder.input("c", [], .bool)
        try builder.constant("one", TensorData([Float(1)]))
        try builder.node(
            "If",
            ["c"],
            ["y"],
            [Attribute("then_branch", branch), Attribute("else_branch", leaf)]
        )
        try builder.output("y")
        let results = try runModel(builder.model, ["x": TensorData([Float(0)]), "c": flag(true)])
        #expect(try results[0].array(of: Float.self) == [41])
    }
}
