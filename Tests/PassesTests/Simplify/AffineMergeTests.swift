import GraphIR
import Passes
import TestSupport
import Tensors
import Testing

/// Scales and shifts that follow each other.
@Suite struct AffineMergeTests {
    private func builder() throws -> ModelBuilder {
        var builder = ModelBuilder()
        try builder.input("x", [nil, 4, 5])
        try builder.constant("channels", .random([4, 1], seed: 1, in: 0.5...2))
        try builder.constant("others", .random([1, 4, 1], seed: 2, in: 0.5...2))
        try builder.constant("row", .random([5], seed: 3, in: 0.5...2))
        try builder.constant("half", TensorData([0.5 as Float], shape: []))
        for (seed, name) in ["scale", "shift", "mean", "variance"].enumerated() {
            try builder.constant(name, .random([4], seed: 7 + UInt64(seed), in: 0.2...2))
        }
        return builder
    }

    @Test(arguments: [
        ("Mul", ["m", "channels"], "Mul"), ("Div", ["m", "half"], "Div"), ("Mul", ["half", "m"], "Mul"),
    ])
    func scalesAreMultiplied(_ type: String, _ inputs: [String], _ left: String) throws {
        var builder = try builder()
        try builder.node("Mul", ["x", "others"], ["m"])
        try builder.node(type, inputs, ["y"])
        try builder.output("y")
        let (model, report) = try simplified(builder.model, within: 1e-6)
        #expect(model.graph.operatorTypes == [left])
        #expect(report.notes.contains("scales and shifts merged: 1"))
    }

    @Test(arguments: [("Add", ["m", "half"]), ("Sub", ["m", "channels"])])
    func shiftsAreAdded(_ type: String, _ inputs: [String]) throws {
        var builder = try builder()
        try builder.node("Add", ["x", "others"], ["m"])
        try builder.node(type, inputs, ["y"])
        try builder.output("y")
        #expect(try simplified(builder.model, within: 1e-6).model.graph.operatorTypes == [type])
    }

    @Test func batchNormalisationsTakeAll() throws {
        var builder = try builder()
        let stored = ["scale", "shift", "mean", "variance"]
        try builder.node("Mul", ["x", "channels"], ["a"])
        try builder.node("BatchNormalization", ["a"] + stored, ["b"])
        try builder.node("BatchNormalization", ["b"] + stored, ["c"])
        try builder.node("Add", ["c", "others"], ["y"])
        try builder.output("y")
        #expect(try simplified(builder.model, within: 1e-5).model.graph.operatorTypes == ["BatchNormalization"])
    }

    @Test(arguments: [("Add", "half"), ("Mul", "row")])
    func otherPairsStay(_ type: String, _ stored: String) throws {
        var builder = try builder()
        try builder.node("Mul", ["x", "channels"], ["m"])
        try builder.node(type, ["m", stored], ["y"])
        try builder.output("y")
        #expect(try simplified(builder.model).model.graph.operatorTypes == ["Mul", type])
    }

    @Test func roundingByALargeNumberStays() throws {
        var builder = try builder()
        try builder.constant("large", TensorData([12_582_912 as Float], shape: []))
        try builder.node("Add", ["x", "large"], ["m"])
        try builder.node("Sub", ["m", "large"], ["y"])
        try builder.output("y")
        #expect(try simplified(builder.model).model.graph.operatorTypes == ["Add", "Sub"])
    }

    @Test func usedValuesStay() throws {
        var builder = try builder()
        try builder.node("Mul", ["x", "channels"], ["m"])
        try builder.node("Mul", ["m", "half"], ["y"])
        try builder.output("m")
        try builder.output("y")
        #expect(try simplified(builder.model).model.graph.operatorTypes == ["Mul", "Mul"])
    }

    @Test func numbersThatWouldOverflowStay() throws {
        var builder = try builder()
        try builder.constant("huge", TensorData([1e30 as Float], shape: []))
        try builder.node("Mul", ["x", "huge"], ["m"])
        try builder.node("Mul", ["m", "huge"], ["n"])
        try builder.node("Relu", ["n"], ["y"])
        try builder.output("y")
        var model = builder.model
        _ = try SimplifyPass().run(&model, PassContext())
        #expect(model.graph.operatorTypes == ["Mul", "Mul", "Relu"])
    }
}
