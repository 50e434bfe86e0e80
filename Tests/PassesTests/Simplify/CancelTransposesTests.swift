import GraphIR
import Passes
import TestSupport
import Tensors
import Testing

/// Nodes between Transposes that work in another order of axes.
@Suite struct CancelTransposesTests {
    private static let toLast = [0, 2, 3, 1]
    private static let toFirst = [0, 3, 1, 2]

    /// A channels-last model: the body between two Transposes, and a node before and behind that cares for the order.
    private func channelsLast(
        _ shape: [Int?] = [nil, 3, 4, 5],
        opset: Int = 17,
        _ body: (inout ModelBuilder) throws -> Void
    ) throws -> ModelBuilder {
        var builder = ModelBuilder(opset: opset)
        try builder.input("x", shape)
        try builder.node("Transpose", ["x"], ["a"], [Attribute("perm", Self.toLast)])
        try body(&builder)
        try builder.node("Transpose", ["b"], ["y"], [Attribute("perm", Self.toFirst)])
        try builder.output("y")
        return builder
    }

    private func types(_ builder: ModelBuilder, within tolerance: Double = 0) throws -> [String] {
        let (model, _) = try simplified(builder.model, within: tolerance)
        #expect(try relativeDifference(builder.model, model, batch: 3) <= tolerance)
        var again = model
        _ = try SimplifyPass().run(&again, PassContext())
        #expect(again.graph.description == model.graph.description)
        return model.graph.operatorTypes
    }

    @Test func elementwiseNodesWorkInTheOtherOrder() throws {
        let builder = try channelsLast { builder in
            try builder.constant("scale", .random([3], seed: 1))
            try builder.constant("table", .random([4, 5, 3], seed: 2))
            try builder.constant("two", TensorData([2 as Float], shape: []))
            try builder.node("Sigmoid", ["a"], ["s"])
            try builder.node("Max", ["s", "table"], ["m"])
            try builder.node("Mul", ["scale", "m"], ["p"])
            try builder.node("Pow", ["p", "two"], ["b"])
        }
        let (model, report) = try simplified(builder.model)
        #expect(model.graph.operatorTypes == ["Sigmoid", "Max", "Mul", "Pow"])
        #expect(report.notes.contains("regions put into another order of axes: 1"))
        #expect(try types(builder) == ["Sigmoid", "Max", "Mul", "Pow"])
    }

    @Test func oneTransposeIsEnoughWhereAResultIsNeededInBothOrders() throws {
        var builder = try channelsLast { builder in try builder.node("Sigmoid", ["a"], ["b"]) }
        try builder.output("b")
        #expect(try types(builder) == ["Sigmoid", "Transpose"])
    }

    @Test func whatIsNotWorthItStays() throws {
        // Neither the input nor the output of the addition is ever of the other order.
        var builder = ModelBuilder()
        try builder.input("x", [nil, 3, 4, 5])
        try builder.input("other", [nil, 4, 5, 3])
        try builder.node("Transpose", ["x"], ["a"], [Attribute("perm", Self.toLast)])
        try builder.node("Add", ["a", "other"], ["y"])
        try builder.output("y")
        #expect(try types(builder) == ["Transpose", "Add"])
        // A node that is no more than known by name.
        builder = ModelBuilder()
        try builder.input("x", [2, 3, 4, 5])
        try builder.node("Transpose", ["x"], ["a"], [Attribute("perm", Self.toLast)])
        try builder.node("Softmax", ["a"], ["s"])
        try builder.node("Relu", ["s"], ["y"])
        try builder.output("y")
        #expect(try types(builder) == ["Transpose", "Softmax", "Relu"])
    }

    @Test func shortcutsAndConcatenations() throws {
        var builder = ModelBuilder()
        try builder.input("x", [nil, 3, 4, 5])
        try builder.input("z", [nil, 3, 4, 5])
        for (from, to) in [("x", "a"), ("z", "c")] {
            try builder.node("Transpose", [from], [to], [Attribute("perm", Self.toLast)])
        }
        try builder.node("Add", ["a", "c"], ["s"])
        try builder.node("Relu", ["s"], ["r"])
        try builder.node("Concat", ["r", "a", "s"], ["j"], [Attribute("axis", -1)])
        try builder.node("Transpose", ["j"], ["y"], [Attribute("perm", Self.toFirst)])
        try builder.output("y")
        let (model, _) = try simplified(builder.model)
        #expect(model.graph.operatorTypes == ["Add", "Relu", "Concat"])
        #expect(try types(builder) == ["Add", "Relu", "Concat"])
    }

    @Test(
        arguments: [
            ("Softmax", [:], [Attribute("axis", -1)], 17),
            ("LogSoftmax", [:], [Attribute("axis", 3)], 13),
            ("ReduceMax", [:], [Attribute("axes", [1, -1])], 17),
            ("ReduceSum", ["axes": [2, 3]], [], 17),
            ("Pad", ["pads": [0, 1, 2, 0, 0, 3, 0, 1]], [], 17),
            ("Pad", [:], [Attribute("pads", [0, 1, 2, 0, 0, 3, 0, 1])], 10),
            ("Slice", ["1starts": [1, 0], "2ends": [3, 2], "3axes": [1, -1]], [], 17),
            ("Slice", ["1starts": [0, 1], "2ends": [9, 4]], [], 17),
            ("Slice", [:], [Attribute("starts", [1]), Attribute("ends", [4]), Attribute("axes", [2])], 9),
            ("Tile", ["repeats": [1, 2, 1, 3]], [], 17),
            ("Clip", [:], [Attribute("min", Float(-0.25)), Attribute("max", Float(0.5))], 10),
            ("Cast", [:], [Attribute("to", 11)], 17),
            ("IsNaN", [:], [], 17),
        ] as [(String, [String: [Int]], [Attribute], Int)]
    )
    func nodesWithAxes(_ name: String, _ constants: [String: [Int]], _ attributes: [Attribute], _ opset: Int) throws {
        let builder = try channelsLast(opset: opset) { builder in
            var inputs = ["a"]
            for (key, values) in constants.sorted(by: { $0.key < $1.key }) {
                inputs.append(try builder.constant(key, .integers(values)))
            }
            try builder.node(name, inputs, ["b"], attributes)
        }
        #expect(try types(builder, within: 1e-6) == [name])
    }

    @Test func partsOfASplit() throws {
        let builder = try channelsLast([nil, 4, 4, 5]) { builder in
            try builder.node("Split", ["a"], ["p", "q"], [Attribute("axis", 3)])
            try builder.node("Mul", ["p", "q"], ["b"])
        }
        #expect(try types(builder) == ["Split", "Mul"])
    }

    @Test func resizing() throws {
        for (scales, expected) in [([1, 2, 2, 1], ["Resize"]), ([1, 2, 1, 2], ["Transpose", "Resize", "Transpose"])] {
            let builder = try channelsLast { builder in
                try builder.constant("scales", TensorData(scales.map { Float($0) }))
                try builder.node("Resize", ["a", "", "scales"], ["b"], [Attribute("mode", "nearest")])
            }
            #expect(try types(builder) == expected)
        }
    }

    @Test func quantisationAlongAnAxis() throws {
        let builder = try channelsLast { builder in
            try builder.constant("scale", TensorData([0.1, 0.2, 0.3] as [Float]))
            try builder.constant("zero", TensorData([0, 1, 2] as [UInt8]))
            try builder.node("QuantizeLinear", ["a", "scale", "zero"], ["q"], [Attribute("axis", 3)])
            try builder.node("DequantizeLinear", ["q", "scale", "zero"], ["b"], [Attribute("axis", -1)])
        }
        #expect(try types(builder) == ["QuantizeLinear", "DequantizeLinear"])
    }

    @Test func theClassOfEachPixel() throws {
        for (axis, expected) in [(-1, ["ArgMax"]), (1, ["Transpose", "ArgMax"])] {
            var builder = ModelBuilder()
            try builder.input("x", [nil, 3, 4, 5])
            try builder.node("Transpose", ["x"], ["a"], [Attribute("perm", Self.toLast)])
            try builder.node("ArgMax", ["a"], ["y"], [Attribute("axis", axis), Attribute("keepdims", 0)])
            try builder.output("y")
            #expect(try types(builder) == expected)
        }
    }

    @Test func reducedAxesThatGo() throws {
        for (axes, expected) in [([1, 2], ["ReduceMean"]), ([1], ["Transpose", "ReduceMean"])] {
            var builder = ModelBuilder()
            try builder.input("x", [nil, 3, 4, 5])
            try builder.node("Transpose", ["x"], ["a"], [Attribute("perm", Self.toLast)])
            try builder.node("ReduceMean", ["a"], ["y"], [Attribute("axes", axes), Attribute("keepdims", 0)])
            try builder.output("y")
            #expect(try types(builder, within: 1e-6) == expected)
        }
    }

    @Test func valuesOfUnknownRankStay() throws {
        let builder = try channelsLast { builder in
            try builder.input("shape", [4], .int64)
            try builder.node("Expand", ["a", "shape"], ["e"])
            try builder.node("Relu", ["e"], ["b"])
        }
        var model = builder.model
        _ = try SimplifyPass().run(&model, PassContext())
        // The Relu may be moved in front of the second Transpose or behind it: nothing is won.
        #expect(model.graph.operatorTypes.filter { $0 == "Transpose" }.count == 2)
    }

    @Test func valuesOfOneElementFitAnyOrder() throws {
        let builder = try channelsLast { builder in
            try builder.input("factor", [1, 1, 1, 1])
            try builder.input("shift", [])
            try builder.node("Mul", ["a", "factor"], ["p"])
            try builder.node("Add", ["p", "shift"], ["b"])
        }
        #expect(try types(builder) == ["Mul", "Add"])
    }

    @Test func aNameThatASubgraphUsesStays() throws {
        var body = Graph(name: "body")
        try body.addNode(Node("Relu", inputs: [body.internValue("s")], outputs: [body.internValue("result")]))
        try body.addOutput("result", type: nil)
        var builder = try channelsLast { builder in
            try builder.input("flag", [], .bool)
            try builder.node("Sigmoid", ["a"], ["s"])
            try builder.node("Sqrt", ["s"], ["b"])
        }
        try builder.node(
            "If",
            ["flag"],
            ["z"],
            [Attribute("then_branch", .graph(body)), Attribute("else_branch", .graph(body))]
        )
        try builder.output("z")
        #expect(try types(builder).filter { $0 == "Transpose" }.count == 1)
    }

    /// Random graphs of additions, activations and Transposes: never more Transposes than before, never another result.
    @Test(arguments: 0..<24)
    func randomGraphs(_ seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        func pick(_ count: Int) -> Int { min(Int(generator.uniform() * Double(count)), count - 1) }
        var builder = ModelBuilder()
        // Values of both orders.
        var known = [["x0", "x1"], ["z0"]]
        for name in known[0] { try builder.input(name, [nil, 3, 4, 5]) }
        for name in known[1] { try builder.input(name, [nil, 4, 5, 3]) }
        for index in 0..<14 {
            let side = pick(2)
            let value = "v\(index)"
            let source = known[side][pick(known[side].count)]
            switch pick(4) {
            case 0:
                let other = known[side][pick(known[side].count)]
                try builder.node("Add", [source, other], [value])
                known[side].append(value)
            case 1:
                try builder.node("Tanh", [source], [value])
                known[side].append(value)
            default:
                let order = side == 0 ? Self.toLast : Self.toFirst
                try builder.node("Transpose", [source], [value], [Attribute("perm", order)])
                known[1 - side].append(value)
            }
        }
        for side in 0..<2 {
            guard let last = known[side].last, last.hasPrefix("v") else { continue }
            try builder.node("Neg", [last], ["y\(side)"])
            try builder.output("y\(side)")
        }
        guard !builder.model.graph.outputs.isEmpty else { return }
        let before = builder.model.graph.operatorTypes.count { $0 == "Transpose" }
        #expect(try types(builder).count { $0 == "Transpose" } <= before)
    }
}
