import GraphIR
import Operators
import TestSupport
import Tensors
import Testing

/// Sizes that exporters compute with operators, with the batch left open.
@Suite struct ShapeChainTests {
    /// A model with x: [N, 64, 8, 8] and the lists named after their numbers, as initialisers.
    private func facts(
        opset: Int = 13,
        shape: [Int?] = [nil, 64, 8, 8],
        _ build: (inout ModelBuilder) throws -> Void
    ) throws -> (facts: GraphFacts, graph: Graph) {
        var builder = ModelBuilder(opset: opset)
        try builder.input("x", shape)
        try build(&builder)
        return (try GraphFacts(builder.model), builder.model.graph)
    }

    private func shape(_ result: (facts: GraphFacts, graph: Graph), _ name: String) throws -> Shape? {
        result.facts.type(try #require(result.graph.value(named: name))).shape
    }

    private let batch = Dimension.symbol("d0")

    @Test(
        arguments: [
            ([0, -1], [.symbol("d0"), 4096]), ([-1, 4096], [.symbol("d0"), 4096]),
            ([0, 0, 64], [.symbol("d0"), 64, 64]),
            ([-1, 64, 8, 8], [.symbol("d0"), 64, 8, 8]), ([-1], [.unknown]),
            ([0, 4, 16, -1], [.symbol("d0"), 4, 16, 64]),
            ([-1, 2048], [.unknown, 2048]),
        ] as [([Int], Shape)]
    )
    func storedTargets(_ target: [Int], _ wanted: Shape) throws {
        let result = try facts { builder in
            try builder.constant("t", .integers(target))
            try builder.node("Reshape", ["x", "t"], ["y"])
        }
        #expect(try shape(result, "y") == wanted)
    }

    @Test func gatheredBatchAndTheRest() throws {
        let result = try facts { builder in
            try builder.constant("zero", TensorData([0] as [Int64], shape: []))
            try builder.constant("axes", .integers([0]))
            try builder.constant("rest", .integers([-1]))
            try builder.node("Shape", ["x"], ["s"])
            try builder.node("Gather", ["s", "zero"], ["n"])
            try builder.node("Unsqueeze", ["n", "axes"], ["u"])
            try builder.node("Concat", ["u", "rest"], ["t"], [Attribute("axis", 0)])
            try builder.node("Reshape", ["x", "t"], ["y"])
        }
        #expect(try shape(result, "y") == [batch, 4096])
    }

    @Test func slicedBatchAndAListOfTheRest() throws {
        let result = try facts(opset: 9) { builder in
            try builder.constant("rest", .integers([4096]))
            try builder.node("Shape", ["x"], ["s"])
            try builder.node("Slice", ["s"], ["n"], [Attribute("starts", [0]), Attribute("ends", [1])])
            try builder.node("Concat", ["n", "rest"], ["t"], [Attribute("axis", 0)])
            try builder.node("Cast", ["t"], ["c"], [Attribute("to", 7)])
            try builder.node("Reshape", ["x", "c"], ["y"])
        }
        #expect(try shape(result, "y") == [batch, 4096])
    }

    @Test func channelsSplitIntoGroupsAndBack() throws {
        let result = try facts { builder in
            try builder.constant("one", .integers([1]))
            try builder.constant("two", .integers([2]))
            try builder.constant("four", .integers([4]))
            try builder.constant("groups", .integers([4]))
            try builder.constant("rest", .integers([-1]))
            try builder.node("Shape", ["x"], ["s"])
            try builder.node("Slice", ["s", "one", "two"], ["c"])
            try builder.node("Slice", ["s", "two", "four"], ["image"])
            try builder.node("Div", ["c", "groups"], ["each"])
            try builder.node("Concat", ["rest", "groups", "each", "image"], ["t"], [Attribute("axis", 0)])
            try builder.node("Reshape", ["x", "t"], ["g"])
            try builder.node("Transpose", ["g"], ["h"], [Attribute("perm", [0, 2, 1, 3, 4])])
            try builder.node("Concat", ["rest", "c", "image"], ["b"], [Attribute("axis", 0)])
            try builder.node("Reshape", ["h", "b"], ["y"])
        }
        #expect(try shape(result, "g") == [batch, 4, 16, 8, 8])
        #expect(try shape(result, "y") == [batch, 64, 8, 8])
    }

    /// The way PyTorch turns its order of pads into ONNX's.
    @Test func padsThatAreComputedFromConstants() throws {
        let result = try facts { builder in
            try builder.constant("length", .integers([2]))
            try builder.constant("pads", .integers([0, 0, 0, 0, 3, 5]))
            try builder.constant("pairs", .integers([-1, 2]))
            try builder.constant("first", .integers([0]))
            try builder.constant("last", .integers([-1]))
            try builder.constant("beyond", .integers([-Int.max]))
            try builder.node(
                "ConstantOfShape",
                ["length"],
                ["zeros"],
                [Attribute("value", .tensor(Constant(.integers([0]))))]
            )
            try builder.node("Concat", ["pads", "zeros"], ["all"], [Attribute("axis", 0)])
            try builder.node("Reshape", ["all", "pairs"], ["rows"])
            try builder.node("Slice", ["rows", "last", "beyond", "first", "last"], ["turned"])
            try builder.node("Transpose", ["turned"], ["columns"], [Attribute("perm", [1, 0])])
            try builder.node("Reshape", ["columns", "last"], ["flat"])
            try builder.node("Cast", ["flat"], ["p"], [Attribute("to", 7)])
            try builder.node("Pad", ["x", "p"], ["y"])
        }
        #expect(try shape(result, "y") == [batch, 72, 8, 8])
        let pads = try #require(result.graph.value(named: "p"))
        #expect(result.facts.constant(pads, result.graph)?.integers() == [0, 3, 0, 0, 0, 5, 0, 0])
    }

    @Test func largeResultsAreLeftToPasses() throws {
        let result = try facts { builder in
            try builder.constant("length", .integers([ShapeElements.limit + 1]))
            try builder.node("ConstantOfShape", ["length"], ["zeros"])
            try builder.output("zeros")
        }
        let zeros = try #require(result.graph.value(named: "zeros"))
        #expect(result.facts.constant(zeros, result.graph) == nil)
        #expect(result.facts.type(zeros).sizes == [ShapeElements.limit + 1])
    }

    @Test func aBatchThatIsOpenIsNoConstant() throws {
        let result = try facts { builder in
            try builder.node("Shape", ["x"], ["s"])
            try builder.node("Size", ["x"], ["count"])
        }
        let sizes = try #require(result.graph.value(named: "s"))
        #expect(result.facts.constant(sizes, result.graph) == nil)
        #expect(result.facts.shapeElements(sizes)?.elements == [batch, 64, 8, 8])
        let fixed = try facts(shape: [1, 64, 8, 8]) { builder in try builder.node("Shape", ["x"], ["s"]) }
        let known = try #require(fixed.graph.value(named: "s"))
        #expect(fixed.facts.constant(known, fixed.graph)?.integers() == [1, 64, 8, 8])
    }
}
