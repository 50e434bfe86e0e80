import GraphIR
import Passes
import TestSupport
import Tensors
import Testing

/// Two nodes behind each other that one node can do.
@Suite struct MergingTests {
    /// A chain from x to y; each node takes the one before and the constants that are named with it.
    private func chain(
        _ steps: [(String, [String: TensorData], [Attribute])],
        shape: [Int?] = [nil, 3, 4, 5],
        type: ElementType = .float32,
        opset: Int = 17
    ) throws -> ModelBuilder {
        var builder = ModelBuilder(opset: opset)
        try builder.input("x", shape, type)
        var last = "x"
        for (index, (name, constants, attributes)) in steps.enumerated() {
            var inputs = [last]
            for (key, data) in constants.sorted(by: { $0.key < $1.key }) {
                inputs.append(try builder.constant("\(index)\(key)", data))
            }
            last = try builder.node(name, inputs, [index == steps.count - 1 ? "y" : "v\(index)"], attributes)
        }
        try builder.output("y")
        return builder
    }

    private func types(_ builder: ModelBuilder) throws -> [String] {
        let (model, _) = try simplified(builder.model)
        var again = model
        _ = try SimplifyPass().run(&again, PassContext())
        #expect(again.graph.description == model.graph.description)
        return model.graph.operatorTypes
    }

    private func permutation(_ order: [Int]) -> (String, [String: TensorData], [Attribute]) {
        ("Transpose", [:], [Attribute("perm", order)])
    }

    private let relu: (String, [String: TensorData], [Attribute]) = ("Relu", [:], [])

    @Test func transposesAreComposed() throws {
        let builder = try chain([permutation([0, 2, 3, 1]), permutation([3, 0, 1, 2])])
        let (model, report) = try simplified(builder.model)
        #expect(model.graph.operatorTypes == ["Transpose"])
        #expect(report.notes.contains("consecutive nodes merged: 1"))
        #expect(report.layers.first?.change == "took in Transpose 'v0_node'")
    }

    @Test func transposesThatUndoEachOtherGo() throws {
        #expect(try types(chain([relu, permutation([0, 2, 3, 1]), permutation([0, 3, 1, 2])])) == ["Relu"])
        #expect(try types(chain([permutation([0, 2, 3, 1]), permutation([0, 3, 1, 2]), relu])) == ["Relu"])
        // Nothing else could make the output out of the input.
        #expect(try types(chain([permutation([0, 2, 3, 1]), permutation([0, 3, 1, 2])])) == ["Identity"])
    }

    @Test(arguments: [true, false])
    func aTransposeThatOthersNeedStays(_ isUndone: Bool) throws {
        var builder = ModelBuilder()
        try builder.input("x", [nil, 3, 4, 5])
        try builder.constant("w", .random([3, 2], seed: 1))
        try builder.node("Transpose", ["x"], ["t"], [Attribute("perm", [0, 2, 3, 1])])
        try builder.node("MatMul", ["t", "w"], ["p"])
        let second = isUndone ? [0, 3, 1, 2] : [3, 2, 1, 0]
        try builder.node("Transpose", ["t"], ["u"], [Attribute("perm", second)])
        try builder.node("Relu", ["u"], ["q"])
        try builder.output("p")
        try builder.output("q")
        let expected = isUndone ? ["Transpose", "MatMul", "Relu"] : ["Transpose", "MatMul", "Transpose", "Relu"]
        #expect(try simplified(builder.model).model.graph.operatorTypes == expected)
    }

    @Test func namesThatHaveToStayKeepTheirNodes() throws {
        var builder = ModelBuilder()
        try builder.input("x", [2, 3])
        try builder.node("Relu", ["x"], ["a"])
        try builder.node("Relu", ["a"], ["y"])
        try builder.output("a")
        try builder.output("y")
        #expect(try simplified(builder.model).model.graph.operatorTypes == ["Relu", "Relu"])

        var body = Graph(name: "body")
        try body.addNode(Node("Relu", inputs: [body.internValue("t")], outputs: [body.internValue("result")]))
        try body.addOutput("result", type: nil)
        builder = ModelBuilder()
        try builder.input("x", [2, 3])
        try builder.input("flag", [], .bool)
        try builder.node("Transpose", ["x"], ["t"])
        try builder.node("Transpose", ["t"], ["u"])
        try builder.node("Relu", ["u"], ["z"])
        try builder.node(
            "If",
            ["flag"],
            ["y"],
            [Attribute("then_branch", .graph(body)), Attribute("else_branch", .graph(body))]
        )
        try builder.output("z")
        try builder.output("y")
        #expect(try simplified(builder.model).model.graph.operatorTypes == ["Transpose", "Relu", "If"])
    }

    private func slice(_ starts: [Int], _ ends: [Int], _ axes: [Int], _ steps: [Int]) throws
        -> (String, [String: TensorData], [Attribute])
    {
        (
            "Slice",
            [
                "a": try .integers(starts), "b": try .integers(ends), "c": try .integers(axes),
                "d": try .integers(steps),
            ], []
        )
    }

    /// Starts, ends, axes and steps of the first slice, then of the second.
    private static let pairs: [[[Int]]] = [
        [[0], [.max], [2], [2], [0], [.max], [3], [2]],
        [[1], [-1], [3], [1], [1], [2], [3], [1]],
        [[4], [.min], [3], [-1], [1], [4], [3], [2]],
        [[4], [.min], [3], [-2], [0], [.max], [3], [1]],
        [[0], [5], [3], [2], [2], [.min], [3], [-1]],
        [[0, 1], [3, 3], [3, 1], [1, 1], [1, 0], [3, 2], [3, 2], [1, 1]],
    ]

    @Test(arguments: pairs)
    func slicesAreOne(_ pair: [[Int]]) throws {
        let steps = [try slice(pair[0], pair[1], pair[2], pair[3]), try slice(pair[4], pair[5], pair[6], pair[7])]
        #expect(try types(chain(steps)) == ["Slice"])
    }

    @Test func slicesOfAnUnknownAxisStay() throws {
        let steps = [try slice([1], [Int.max], [0], [1]), try slice([0], [1], [0], [1])]
        #expect(try types(chain(steps)) == ["Slice", "Slice"])
    }

    @Test func slicesWithAttributesAreOne() throws {
        let steps: [(String, [String: TensorData], [Attribute])] = [
            ("Slice", [:], [Attribute("starts", [1]), Attribute("ends", [4]), Attribute("axes", [3])]),
            ("Slice", [:], [Attribute("starts", [0, 1]), Attribute("ends", [2, 3]), Attribute("axes", [2, 3])]),
        ]
        #expect(try types(chain(steps, opset: 9)) == ["Slice"])
    }

    private func pad(_ pads: [Int], _ value: Float? = nil, _ mode: String = "constant") throws
        -> (String, [String: TensorData], [Attribute])
    {
        var constants = ["a": try TensorData.integers(pads)]
        if let value { constants["b"] = try TensorData([value], shape: []) }
        return ("Pad", constants, [Attribute("mode", mode)])
    }

    @Test func padsAddUp() throws {
        let (a, b) = ([0, 0, 1, 2, 0, 0, 3, 0], [0, 1, 0, 1, 0, 0, 1, 1])
        #expect(try types(chain([pad(a), pad(b)])) == ["Pad"])
        #expect(try types(chain([pad(a, 2), pad(b, 2)])) == ["Pad"])
        #expect(try types(chain([pad(a, nil, "edge"), pad(b, nil, "edge")])) == ["Pad"])
        #expect(try types(chain([pad(a, 2), pad(b, 3)])) == ["Pad", "Pad"])
        #expect(try types(chain([pad(a), pad(b, nil, "edge")])) == ["Pad", "Pad"])
        #expect(
            try types(
                chain([pad([0, 0, 1, 2, 0, 0, 3, 0], nil, "reflect"), pad([0, 0, 1, 0, 0, 0, 0, 0], nil, "reflect")])
            ) == ["Pad", "Pad"]
        )
        #expect(try types(chain([pad(a), pad([0, 0, -1, 0, 0, 0, 0, 0])])) == ["Pad", "Pad"])
    }

    private func cast(_ type: ElementType) -> (String, [String: TensorData], [Attribute]) {
        ("Cast", [:], [Attribute("to", Int(type.rawValue))])
    }

    @Test func castsThatLoseNothingAreOne() throws {
        #expect(try types(chain([relu, cast(.float64), cast(.float32)])) == ["Relu"])
        #expect(try types(chain([cast(.float64), cast(.float16)])) == ["Cast"])
        #expect(try types(chain([cast(.float32), cast(.int64)], type: .bool)) == ["Cast"])
        #expect(try types(chain([cast(.int64), cast(.float32)], type: .int32)) == ["Cast"])
        #expect(try types(chain([cast(.float16), cast(.float32)])) == ["Cast", "Cast"])
        #expect(try types(chain([cast(.bool), cast(.float32)])) == ["Cast", "Cast"])
        #expect(try types(chain([cast(.float64), cast(.uint8)], type: .int32)) == ["Cast", "Cast"])
        #expect(try types(chain([cast(.int32), cast(.float32)])) == ["Cast", "Cast"])
    }

    private func clip(_ low: Float?, _ high: Float?) throws -> (String, [String: TensorData], [Attribute]) {
        var attributes: [Attribute] = []
        if let low { attributes.append(Attribute("min", low)) }
        if let high { attributes.append(Attribute("max", high)) }
        return ("Clip", [:], attributes)
    }

    @Test func clampsAreOne() throws {
        #expect(try types(chain([relu, relu])) == ["Relu"])
        #expect(try types(chain([clip(0, 0.5), relu], opset: 10)) == ["Clip"])
        #expect(try types(chain([clip(-0.5, nil), relu], opset: 10)) == ["Relu"])
        #expect(try types(chain([clip(-0.5, 0.25), clip(-0.25, 0.5)], opset: 10)) == ["Clip"])
        #expect(try types(chain([clip(0.25, 0.5), clip(-0.5, -0.25)], opset: 10)) == ["Clip"])
        #expect(try types(chain([clip(0.5, 0.25), relu], opset: 10)) == ["Clip", "Relu"])
        let six: [String: TensorData] = [
            "a": try TensorData([0 as Float], shape: []), "b": try TensorData([6 as Float], shape: []),
        ]
        #expect(try types(chain([relu, ("Clip", six, []), relu])) == ["Clip"])
        #expect(try types(chain([relu, relu], type: .float64)) == ["Relu", "Relu"])
    }

    @Test func concatenationsOfOneAxisAreOne() throws {
        for (inner, expected) in [(1, ["Concat"]), (-1, ["Concat", "Concat"])] {
            var builder = ModelBuilder()
            for name in ["a", "b", "c", "d"] { try builder.input(name, [2, inner == 1 ? 3 : 4, 4]) }
            try builder.node("Concat", ["b", "c"], ["bc"], [Attribute("axis", inner)])
            let all = inner == 1 ? ["a", "bc", "d"] : ["bc", "bc"]
            try builder.node("Concat", all, ["y"], [Attribute("axis", 1)])
            try builder.output("y")
            #expect(try simplified(builder.model).model.graph.operatorTypes == expected)
        }
    }

    @Test func aSharedConcatenationStays() throws {
        var builder = ModelBuilder()
        for name in ["a", "b"] { try builder.input(name, [2, 3, 4]) }
        try builder.node("Concat", ["a", "b"], ["ab"], [Attribute("axis", 1)])
        try builder.node("Concat", ["ab", "a"], ["y"], [Attribute("axis", 1)])
        try builder.node("Relu", ["ab"], ["z"])
        try builder.output("y")
        try builder.output("z")
        #expect(try simplified(builder.model).model.graph.operatorTypes == ["Concat", "Concat", "Relu"])
    }

    @Test(arguments: [["p", "q", "r"], ["p", "r", "q"], ["p", "q"]], [1, -1])
    func partsThatAreJoinedAgain(_ parts: [String], _ axis: Int) throws {
        var builder = ModelBuilder()
        try builder.input("x", [nil, 6, 6])
        try builder.constant("sizes", .integers([1, 2, 3]))
        try builder.node("Relu", ["x"], ["r0"])
        try builder.node("Split", ["r0", "sizes"], ["p", "q", "r"], [Attribute("axis", 1)])
        try builder.node("Concat", parts, ["y"], [Attribute("axis", axis == 1 ? 1 : -2)])
        try builder.output("y")
        let isWhole = parts == ["p", "q", "r"]
        #expect(
            try simplified(builder.model).model.graph.operatorTypes
                == (isWhole ? ["Relu"] : ["Relu", "Split", "Concat"])
        )
    }
}
