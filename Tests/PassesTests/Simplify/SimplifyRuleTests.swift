import GraphIR
import Passes
import TestSupport
import Tensors
import Testing

@Suite struct SimplifyRuleTests {
    @Test func computedTargetShapesAreStored() throws {
        // x.reshape(x.shape[0], 12), as exporters write it.
        var builder = ModelBuilder()
        try builder.input("x", [nil, 3, 4])
        try builder.constant("zero", TensorData([0 as Int64], shape: []))
        try builder.constant("axes", .integers([0]))
        try builder.constant("rest", .integers([12]))
        try builder.node("Shape", ["x"], ["shape"])
        try builder.node("Gather", ["shape", "zero"], ["batch"])
        try builder.node("Unsqueeze", ["batch", "axes"], ["vector"])
        try builder.node("Concat", ["vector", "rest"], ["target"], [Attribute("axis", 0)])
        try builder.node("Reshape", ["x", "target"], ["y"])
        try builder.output("y")
        let (model, report) = try simplified(builder.model)
        #expect(model.graph.operatorTypes == ["Reshape"])
        #expect(report.notes.contains("computed shapes stored: 1"))
        #expect(try relativeDifference(builder.model, model, batch: 5) == 0)
    }

    @Test func shapeArithmeticOnKnownSizesIsFolded() throws {
        var builder = ModelBuilder()
        try builder.input("x", [nil, 3, 4])
        try builder.constant("last", TensorData([2 as Int64], shape: []))
        try builder.node("Shape", ["x"], ["shape"])
        try builder.node("Gather", ["shape", "last"], ["size"])
        try builder.node("Cast", ["size"], ["float"], [Attribute("to", 1)])
        try builder.node("Add", ["x", "float"], ["y"])
        try builder.output("y")
        let (model, _) = try simplified(builder.model)
        #expect(model.graph.operatorTypes == ["Add"])
    }

    @Test func shapesThatVaryAreKept() throws {
        var builder = ModelBuilder()
        try builder.input("x", [nil, 3])
        try builder.node("Shape", ["x"], ["shape"])
        try builder.node("Cast", ["shape"], ["y"], [Attribute("to", 1)])
        try builder.output("y")
        let (model, _) = try simplified(builder.model)
        #expect(model.graph.operatorTypes == ["Shape", "Cast"])
        #expect(try relativeDifference(builder.model, model, batch: 7) == 0)
    }

    @Test func nodesWithoutEffectGo() throws {
        var builder = ModelBuilder()
        try builder.input("x", [nil, 3, 4])
        try builder.constant("same", .integers([-1, 3, 4]))
        try builder.constant("pads", .integers([0, 0, 0, 0, 0, 0]))
        try builder.constant("start", .integers([0, 0]))
        try builder.constant("end", .integers([.max, 4]))
        try builder.constant("axes", .integers([1, 2]))
        try builder.constant("one", TensorData([1 as Float]))
        try builder.node("Relu", ["x"], ["r"])
        try builder.node("Identity", ["r"], ["a"])
        try builder.node("Dropout", ["a"], ["b", "mask"])
        try builder.node("Reshape", ["b", "same"], ["c"])
        try builder.node("Transpose", ["c"], ["d"], [Attribute("perm", [0, 1, 2])])
        try builder.node("Pad", ["d", "pads"], ["e"])
        try builder.node("Slice", ["e", "start", "end", "axes"], ["f"])
        try builder.node("Concat", ["f"], ["g"], [Attribute("axis", 1)])
        try builder.node("Sum", ["g"], ["h"])
        try builder.node("Cast", ["h"], ["i"], [Attribute("to", 1)])
        try builder.node("Mul", ["i", "one"], ["j"])
        try builder.node("Div", ["j", "one"], ["y"])
        try builder.output("y")
        let (model, _) = try simplified(builder.model)
        #expect(model.graph.operatorTypes == ["Relu"])
        #expect(model.graph.initializers.isEmpty)
    }

    @Test func nodesWithEffectStay() throws {
        var builder = ModelBuilder()
        try builder.input("x", [nil, 3, 4])
        try builder.constant("other", .integers([-1, 4, 3]))
        try builder.constant("pads", .integers([0, 0, 1, 0, 0, 0]))
        try builder.constant("start", .integers([1]))
        try builder.constant("end", .integers([5]))
        try builder.constant("axes", .integers([2]))
        try builder.node("Reshape", ["x", "other"], ["c"])
        try builder.node("Transpose", ["c"], ["d"], [Attribute("perm", [0, 2, 1])])
        try builder.node("Pad", ["d", "pads"], ["e"])
        try builder.node("Slice", ["e", "start", "end", "axes"], ["f"])
        try builder.node("Concat", ["f", "f"], ["g"], [Attribute("axis", 1)])
        try builder.node("Cast", ["g"], ["y"], [Attribute("to", 11)])
        try builder.output("y")
        let (model, _) = try simplified(builder.model)
        #expect(model.graph.operatorTypes == ["Reshape", "Transpose", "Pad", "Slice", "Concat", "Cast"])
    }

    @Test func zeroPaddingMovesIntoTheConvolution() throws {
        var builder = ModelBuilder()
        try builder.input("x", [nil, 2, 5, 6])
        try builder.constant("pads", .integers([0, 0, 0, 1, 0, 0, 2, 3]))
        try builder.constant("w", .random([3, 2, 3, 3], seed: 4))
        try builder.node("Pad", ["x", "pads"], ["p"])
        try builder.node("Conv", ["p", "w"], ["y"], [Attribute("pads", [1, 0, 0, 0])])
        try builder.output("y")
        let (model, report) = try simplified(builder.model)
        #expect(model.graph.operatorTypes == ["Conv"])
        #expect(report.layers.first?.change == "took in Pad 'p_node'")
    }

    @Test(arguments: [
        ([0, 0, 0, 1, 0, 0, 2, 3], Float(0.5), "NOTSET"), ([0, 1, 0, 0, 0, 0, 0, 0], 0, "NOTSET"),
        ([0, 0, -1, 0, 0, 0, 0, 0], 0, "NOTSET"), ([0, 0, 1, 1, 0, 0, 1, 1], 0, "SAME_UPPER"),
    ])
    func otherPaddingsStay(_ pads: [Int], _ value: Float, _ rule: String) throws {
        var builder = ModelBuilder()
        try builder.input("x", [nil, 2, 5, 6])
        try builder.constant("pads", .integers(pads))
        try builder.constant("value", TensorData([value], shape: []))
        try builder.constant("w", .random([3, 2 + pads[1], 3, 3], seed: 4))
        try builder.node("Pad", ["x", "pads", "value"], ["p"])
        try builder.node("Conv", ["p", "w"], ["y"], [Attribute("auto_pad", rule)])
        try builder.output("y")
        #expect(try simplified(builder.model).model.graph.operatorTypes == ["Pad", "Conv"])
    }

    @Test func repeatedComputationsAreMerged() throws {
        var builder = ModelBuilder()
        try builder.input("x", [2, 3])
        try builder.constant("a", TensorData([1, 2, 3] as [Float]))
        try builder.constant("b", TensorData([1, 2, 3] as [Float]))
        try builder.constant("c", TensorData([1, 2, 4] as [Float]))
        try builder.node("Add", ["x", "a"], ["p"])
        try builder.node("Relu", ["p"], ["r"])
        try builder.node("Add", ["x", "b"], ["q"])
        try builder.node("Relu", ["q"], ["s"])
        try builder.node("Add", ["x", "c"], ["t"])
        try builder.node("Sub", ["r", "s"], ["u"])
        try builder.node("Mul", ["u", "t"], ["y"])
        try builder.output("y")
        let (model, report) = try simplified(builder.model)
        #expect(model.graph.operatorTypes == ["Add", "Relu", "Add", "Sub", "Mul"])
        #expect(report.notes.contains("repeated computations merged: 2"))
    }

    @Test func repeatedOutputsKeepTheirNames() throws {
        var builder = ModelBuilder()
        try builder.input("x", [2, 3])
        try builder.node("Relu", ["x"], ["p"])
        try builder.node("Relu", ["x"], ["q"])
        try builder.output("p")
        try builder.output("q")
        #expect(try simplified(builder.model).model.graph.operatorTypes == ["Relu", "Relu"])
    }

    @Test func theSameModelGivesTheSameResult() throws {
        var builder = ModelBuilder()
        try builder.input("x", [2, 3])
        for index in 0..<20 {
            try builder.constant("c\(index)", TensorData([Float(index % 3)]))
            try builder.node("Add", [index == 0 ? "x" : "v\(index - 1)", "c\(index)"], ["v\(index)"])
        }
        try builder.output("v19")
        let first = try simplified(builder.model).model.graph.description
        #expect(try simplified(builder.model).model.graph.description == first)
    }
}
