import GraphIR
import Passes
import TestSupport
import Tensors
import Testing

/// Nodes that keep the elements in order.
@Suite struct MergeReshapesTests {
    private func simplifiedTypes(_ builder: ModelBuilder) throws -> [String] {
        let (model, _) = try simplified(builder.model)
        #expect(try relativeDifference(builder.model, model, batch: 3) == 0)
        return model.graph.operatorTypes
    }

    @Test func aStoredTargetTakesInWhatIsBefore() throws {
        var builder = ModelBuilder()
        try builder.input("x", [nil, 1, 4, 5])
        try builder.constant("target", .integers([1, -1, 5]))
        // Axes of size 1 alone change places: a reshape by another name.
        try builder.node("Transpose", ["x"], ["t"], [Attribute("perm", [0, 2, 3, 1])])
        try builder.node("Reshape", ["t", "target"], ["y"])
        try builder.output("y")
        let (model, report) = try simplified(builder.model)
        #expect(model.graph.operatorTypes == ["Reshape"])
        #expect(report.layers.first?.change == "took in Transpose 't_node'")
        #expect(report.notes.contains("consecutive reshapes merged: 1"))
    }

    @Test func aTransposeThatMovesElementsStays() throws {
        var builder = ModelBuilder()
        try builder.input("x", [nil, 2, 4, 5])
        try builder.constant("target", .integers([-1, 40]))
        try builder.node("Transpose", ["x"], ["t"], [Attribute("perm", [0, 2, 3, 1])])
        try builder.node("Reshape", ["t", "target"], ["y"])
        try builder.output("y")
        #expect(try simplifiedTypes(builder) == ["Transpose", "Reshape"])
    }

    @Test func symbolsStaySymbols() throws {
        var builder = ModelBuilder()
        try builder.input("x", [nil, 3, 4])
        try builder.constant("axes", .integers([1, 3]))
        try builder.node("Flatten", ["x"], ["f"])
        try builder.node("Unsqueeze", ["f", "axes"], ["y"])
        try builder.output("y")
        let (model, _) = try simplified(builder.model)
        #expect(model.graph.operatorTypes == ["Reshape"])
        #expect(model.graph.initializers.map { model.graph.constant($0)?.integers() } == [[0, 1, 12, 1]])
        #expect(try relativeDifference(builder.model, model, batch: 5) == 0)
    }

    @Test func twoOpenSizesCannotBeWritten() throws {
        var builder = ModelBuilder()
        try builder.input("x", [nil, nil, 4, 1])
        try builder.constant("first", .integers([0, 2]))
        try builder.constant("last", .integers([3]))
        try builder.constant("target", .integers([0, 0, 2, 2, 1]))
        try builder.node("Reshape", ["x", "target"], ["r"])
        try builder.node("Squeeze", ["r", "four"], ["s"])
        try builder.constant("four", .integers([4]))
        try builder.node("Unsqueeze", ["s", "first"], ["y"])
        try builder.output("y")
        #expect(try simplifiedTypes(builder).count == 2)
    }

    @Test func whatOthersNeedStays() throws {
        for isShared in [true, false] {
            var builder = ModelBuilder()
            try builder.input("x", [nil, 3, 4])
            try builder.constant("target", .integers([-1, 2, 6]))
            try builder.node("Flatten", ["x"], ["f"])
            try builder.node("Reshape", ["f", "target"], ["y"])
            try builder.node(isShared ? "Relu" : "Flatten", ["f"], ["z"])
            try builder.output("y")
            try builder.output("z")
            #expect(
                try simplifiedTypes(builder).sorted()
                    == (isShared ? ["Flatten", "Relu", "Reshape"] : ["Flatten", "Reshape"])
            )
        }
    }

    @Test func anOutputStays() throws {
        var builder = ModelBuilder()
        try builder.input("x", [nil, 3, 4])
        try builder.constant("target", .integers([-1, 2, 6]))
        try builder.node("Flatten", ["x"], ["f"])
        try builder.node("Reshape", ["f", "target"], ["y"])
        try builder.output("f")
        try builder.output("y")
        #expect(try simplifiedTypes(builder) == ["Flatten", "Reshape"])
    }

    @Test func unknownShapesAreLeftAlone() throws {
        var builder = ModelBuilder()
        try builder.input("x", [nil, 3, 4])
        try builder.input("target", [3], .int64)
        try builder.constant("axes", .integers([1]))
        try builder.node("Reshape", ["x", "target"], ["r"])
        try builder.node("Unsqueeze", ["r", "axes"], ["u"])
        try builder.node("Squeeze", ["u", "axes"], ["s"])
        try builder.node("Flatten", ["s"], ["y"])
        try builder.output("y")
        var model = builder.model
        _ = try SimplifyPass().run(&model, PassContext())
        // The pair goes without its shape being known; the rest cannot be told.
        #expect(model.graph.operatorTypes == ["Reshape", "Flatten"])
    }

    @Test func oldOperatorSetsHaveNoStoredTarget() throws {
        var builder = ModelBuilder(opset: 4)
        try builder.input("x", [2, 3, 4])
        try builder.node("Flatten", ["x"], ["f"])
        try builder.node("Unsqueeze", ["f"], ["y"], [Attribute("axes", [0])])
        try builder.output("y")
        #expect(try simplifiedTypes(builder) == ["Flatten", "Unsqueeze"])
    }
}
