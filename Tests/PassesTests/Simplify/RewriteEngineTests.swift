import GraphIR
import Operators
import TestSupport
import Tensors
import Testing

@testable import Passes

@Suite struct RewriteEngineTests {
    /// Six nodes of which four are without effect, one is repeated, and one is left.
    private func wasteful() throws -> Model {
        var builder = ModelBuilder()
        try builder.input("x", [2, 3])
        try builder.node("Identity", ["x"], ["a"])
        try builder.node("Identity", ["a"], ["b"])
        try builder.node("Exp", ["b"], ["c"])
        try builder.node("Exp", ["a"], ["d"])
        try builder.node("Sub", ["c", "d"], ["e"])
        try builder.node("Identity", ["e"], ["y"])
        try builder.output("y", .float32)
        return builder.model
    }

    private func simplify(_ model: Model, _ options: SimplifyOptions) throws -> (model: Model, report: PassReport) {
        var result = model
        let report = try SimplifyPass(options).run(&result, PassContext())
        #expect(try relativeDifference(model, result) == 0)
        return (result, report)
    }

    @Test func patchesCanBeLimited() throws {
        let model = try wasteful()
        let (whole, all) = try simplify(model, SimplifyOptions())
        #expect(all.patches.count == 4)
        for limit in 0...5 {
            var options = SimplifyOptions()
            options.stopAfterPatch = limit
            let (part, report) = try simplify(model, options)
            let rules = report.patches.map(\.rule)
            #expect(rules == all.patches.prefix(limit).map(\.rule))
            let isCut = limit <= 4
            #expect(report.notes.contains { $0.hasPrefix("stopped") } == isCut)
            if limit >= 4 { #expect(part.graph.description == whole.graph.description) }
            if limit == 1 { #expect(report.notes.last?.contains(all.patches[0].node) == true) }
        }
    }

    @Test func aSecondRunHasNothingToDo() throws {
        let (model, _) = try simplify(try wasteful(), SimplifyOptions())
        let (_, report) = try simplify(model, SimplifyOptions())
        #expect(report.patches.isEmpty)
        #expect(report.notes.isEmpty)
        #expect(report.summary == "nothing to do: \(model.graph.nodeCount) nodes, 0 initialisers")
    }

    @Test func largeConstantsAreFoldedWhereTheUserSaysSo() throws {
        var builder = ModelBuilder()
        try builder.input("x", [2, 600])
        try builder.constant("sizes", .integers([600, 600]))
        try builder.node("ConstantOfShape", ["sizes"], ["w"])
        try builder.node("MatMul", ["x", "w"], ["y"])
        try builder.output("y", .float32)
        #expect(try simplify(builder.model, SimplifyOptions()).model.graph.nodeCount == 2)
        var options = SimplifyOptions()
        options.foldsLarge = true
        #expect(try simplify(builder.model, options).model.graph.nodeCount == 1)
        var model = builder.model
        let list = try PassList(parsing: "simplify(fold-large=true)")
        for pass in list.passes { _ = try pass.run(&model, PassContext()) }
        #expect(model.graph.operatorTypes == ["MatMul"])
    }

    @Test func rulesThatUndoEachOtherAreAnError() throws {
        var builder = ModelBuilder()
        try builder.input("x", [2, 3])
        try builder.node("Relu", ["x"], ["y"])
        try builder.output("y", .float32)
        let graph = builder.model.graph
        var engine = RewriteEngine(
            graph,
            try GraphFacts(builder.model),
            rules: [Restless.self],
            sweeps: [],
            options: SimplifyOptions(),
            log: RewriteLog(graph, limit: nil)
        )
        let error = #expect(throws: CNNOptError.self) { try engine.run() }
        #expect(error?.code == .internalFault)
    }

    /// Replaces a node by itself.
    private enum Restless: RewriteRule {
        static let name = "restless"

        static func match(_ place: RewritePlace, _ graph: Graph, _ facts: GraphFacts) throws(CNNOptError) -> Rewriting?
        {
            var patch = Patch(graph, author: "test")
            patch.replaceNode(place.id, with: place.site.node)
            return Rewriting(patch)
        }
    }

    @Test func rulesAreTriedWhereTheyStartOnly() throws {
        var builder = ModelBuilder()
        try builder.input("x", [2, 3])
        try builder.node("Relu", ["x"], ["a"])
        try builder.node("Abs", ["a"], ["y"])
        try builder.output("y", .float32)
        let graph = builder.model.graph
        var engine = RewriteEngine(
            graph,
            try GraphFacts(builder.model),
            rules: [OnlyAbs.self],
            sweeps: [],
            options: SimplifyOptions(),
            log: RewriteLog(graph, limit: nil)
        )
        try engine.run()
        #expect(engine.graph.operatorTypes == ["Relu", "Neg"])
    }

    /// Makes any node a Neg, but starts from Abs alone.
    private enum OnlyAbs: RewriteRule {
        static let name = "only Abs"

        static func starts(from definition: any Operator.Type) -> Bool {
            definition.schema.name == OperatorName("Abs")
        }

        static func match(_ place: RewritePlace, _ graph: Graph, _ facts: GraphFacts) throws(CNNOptError) -> Rewriting?
        {
            var node = place.site.node
            node.operatorType = "Neg"
            var patch = Patch(graph, author: "test")
            patch.replaceNode(place.id, with: node)
            return Rewriting(patch)
        }
    }

    @Test func graphsInsideNodesAreSimplified() throws {
        var builder = ModelBuilder()
        try builder.input("x", [2, 3])
        try builder.input("c", [], .bool)
        try builder.constant("one", TensorData([Float(1)]))
        try builder.node("Exp", ["x"], ["a"])
        let then = try subgraph { (branch) throws(CNNOptError) in
            try branch.constant("two", TensorData([Float(2)]))
            try branch.node("Add", ["one", "two"], ["three"])
            try branch.node("Identity", ["a"], ["same"])
            try branch.node("Mul", ["same", "three"], ["r"])
            try branch.output("r")
        }
        let otherwise = try subgraph { (branch) throws(CNNOptError) in
            try branch.node("Neg", ["a"], ["r"])
            try branch.node("Relu", ["a"], ["dead"])
            try branch.output("r")
        }
        try builder.node(
            "If",
            ["c"],
            ["y"],
            [Attribute("then_branch", then), Attribute("else_branch", otherwise)]
        )
        try builder.output("y", .float32)
        let (model, report) = try simplify(builder.model, SimplifyOptions())
        let inner = Array(model.graph.nodeIDs).flatMap { model.graph[$0].subgraphs }
        #expect(inner.map(\.operatorTypes) == [["Mul"], ["Neg"]])
        #expect(inner[0].initializers.map { inner[0][$0].name } == ["three"])
        // What only the branch used by name is gone; the Exp is used still.
        #expect(model.graph.operatorTypes == ["Exp", "If"])
        #expect(model.graph.initializers.isEmpty)
        #expect(report.patches.count == 3)
        #expect(report.patches.allSatisfy { $0.node.hasPrefix("y_node/") })
    }

    @Test func bodiesOfLoopsAreSimplifiedForEveryTrip() throws {
        var builder = ModelBuilder()
        try builder.input("x", [2, 3])
        try builder.constant("trips", TensorData([3] as [Int64], shape: []))
        let body = try subgraph { (body) throws(CNNOptError) in
            try body.input("i", [], .int64)
            try body.input("going", [], .bool)
            try body.input("carried", [2, 3])
            try body.constant("zero", TensorData([Float(0)]))
            try body.node("Identity", ["going"], ["on"])
            try body.node("Add", ["carried", "zero"], ["same"])
            try body.node("Cast", ["i"], ["step"], [Attribute("to", 1)])
            try body.node("Add", ["same", "step"], ["next"])
            for name in ["on", "next"] { try body.output(name) }
        }
        try builder.node("Loop", ["trips", "", "x"], ["y"], [Attribute("body", body)])
        try builder.output("y", .float32)
        let (model, _) = try simplify(builder.model, SimplifyOptions())
        let inner = try #require(Array(model.graph.nodeIDs).flatMap { model.graph[$0].subgraphs }.first)
        // The condition is an input and an output under two names: a node has to stand between.
        #expect(inner.operatorTypes == ["Identity", "Cast", "Add"])
    }

    @Test func newNamesAreNewInAllGraphs() throws {
        var builder = ModelBuilder()
        try builder.input("x", [nil, 6])
        try builder.input("c", [], .bool)
        // Both have a Reshape of one name, whose computed sizes become a tensor.
        func reshape(_ builder: inout ModelBuilder, _ output: String) throws(CNNOptError) {
            try builder.constant("zero_\(output)", .integers([0]))
            try builder.constant("rest_\(output)", .integers([2, 3]))
            try builder.node("Shape", ["x"], ["s_\(output)"])
            try builder.node("Gather", ["s_\(output)", "zero_\(output)"], ["n_\(output)"])
            try builder.node("Concat", ["n_\(output)", "rest_\(output)"], ["t_\(output)"], [Attribute("axis", 0)])
            try builder.node("Reshape", ["x", "t_\(output)"], [output])
        }
        let then = try subgraph { (branch) throws(CNNOptError) in
            try reshape(&branch, "r")
            try branch.output("r")
        }
        let otherwise = try subgraph { (branch) throws(CNNOptError) in
            try reshape(&branch, "r")
            try branch.output("r")
        }
        try builder.node(
            "If",
            ["c"],
            ["y"],
            [Attribute("then_branch", then), Attribute("else_branch", otherwise)]
        )
        try builder.output("y", .float32)
        let (model, _) = try simplify(builder.model, SimplifyOptions())
        let inner = Array(model.graph.nodeIDs).flatMap { model.graph[$0].subgraphs }
        #expect(inner.map(\.operatorTypes) == [["Reshape"], ["Reshape"]])
        let names = inner.flatMap { graph in graph.initializers.map { graph[$0].name } }
        #expect(Set(names).count == names.count)
    }
}
