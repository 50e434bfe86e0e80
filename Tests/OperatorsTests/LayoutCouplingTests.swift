import GraphIR
import Operators
import TestSupport
import Tensors
import Testing

@Suite struct LayoutCouplingTests {
    /// 1, 2, 3… in a shape.
    static func counting(_ shape: [Int]) -> TensorData? {
        try? TensorData((0..<shape.reduce(1, *)).map { Float($0 + 1) }, shape: shape)
    }
    static func list(_ values: [Int]) -> TensorData? { try? TensorData(values.map(Int64.init)) }

    static let cases: [OperatorCase] = [
        OperatorCase(
            type: "Transpose",
            inputs: [counting([2, 3, 4, 2])],
            attributes: [Attribute("perm", [0, 2, 3, 1])]
        ),
        OperatorCase(type: "Flatten", inputs: [counting([2, 3, 2, 2])]),
        OperatorCase(type: "Flatten", inputs: [counting([2, 3, 4])], attributes: [Attribute("axis", 2)]),
        OperatorCase(type: "Reshape", inputs: [counting([2, 3, 2, 2]), list([0, -1])], constants: [1]),
        OperatorCase(type: "Reshape", inputs: [counting([2, 3, 2, 2]), list([2, 12])], constants: [1]),
        OperatorCase(type: "Reshape", inputs: [counting([2, 12]), list([-1, 3, 2, 2])], constants: [1]),
        OperatorCase(type: "Reshape", inputs: [counting([1, 6, 3]), list([1, 2, 3, 3])], constants: [1]),
        OperatorCase(type: "Reshape", inputs: [counting([2, 3, 1, 1]), list([2, 3])], constants: [1]),
        OperatorCase(type: "Reshape", inputs: [counting([2, 3, 4]), list([0, 0, 2, 2])], constants: [1]),
        OperatorCase(
            type: "Reshape",
            inputs: [counting([2, 3, 4]), list([2, 3, 4])],
            constants: [1],
            attributes: [Attribute("allowzero", 1)]
        ),
        OperatorCase(type: "Squeeze", inputs: [counting([2, 3, 1, 1]), list([2, -1])], constants: [1]),
        OperatorCase(type: "Squeeze", inputs: [counting([2, 1, 3])], attributes: [Attribute("axes", [1])], opset: 11),
        OperatorCase(type: "Unsqueeze", inputs: [counting([2, 3]), list([0, 3])], constants: [1]),
        OperatorCase(
            type: "Concat",
            inputs: [counting([2, 3, 2]), counting([2, 2, 2]), counting([2, 4, 2])],
            attributes: [Attribute("axis", 1)]
        ),
        OperatorCase(
            type: "Split",
            inputs: [counting([2, 6, 2])],
            attributes: [Attribute("axis", 1)],
            outputCount: 3,
            opset: 11
        ),
        OperatorCase(
            type: "Split",
            inputs: [counting([2, 6]), list([1, 2, 3])],
            constants: [1],
            attributes: [Attribute("axis", -1)],
            outputCount: 3,
            opset: 13
        ),
        OperatorCase(
            type: "Split",
            inputs: [counting([2, 7])],
            attributes: [Attribute("axis", 1), Attribute("num_outputs", 3)],
            outputCount: 3,
            opset: 18
        ),
        OperatorCase(
            type: "Slice",
            inputs: [counting([2, 6, 5]), list([1, 0]), list([4, 5]), list([1, 2]), list([1, 2])],
            constants: [1, 2, 3, 4]
        ),
        OperatorCase(
            type: "Slice",
            inputs: [counting([2, 6])],
            attributes: [Attribute("starts", [-4]), Attribute("ends", [Int.max]), Attribute("axes", [1])],
            opset: 9
        ),
        OperatorCase(
            type: "Pad",
            inputs: [counting([2, 3, 2]), list([0, 2, 1, 0, 1, 0])],
            constants: [1]
        ),
        OperatorCase(
            type: "Pad",
            inputs: [counting([2, 5]), list([0, -1, 0, 2])],
            constants: [1]
        ),
        OperatorCase(
            type: "Pad",
            inputs: [counting([2, 5]), list([0, 2, 0, -2])],
            constants: [1]
        ),
        OperatorCase(
            type: "Pad",
            inputs: [counting([2, 3, 3])],
            attributes: [
                Attribute("pads", [0, 1, 2, 0, 1, 2]), Attribute("mode", "constant"), Attribute("value", Float(7)),
            ],
            opset: 10
        ),
        OperatorCase(
            type: "Pad",
            inputs: [counting([2, 3, 4]), list([1, 1])],
            constants: [1],
            attributes: [Attribute("mode", "reflect")]
        ).with(axes: [2]),
        OperatorCase(type: "Expand", inputs: [counting([3, 1]), list([2, 3, 4])], constants: [1]),
        OperatorCase(type: "Tile", inputs: [counting([2, 3]), list([1, 3])], constants: [1]),
        OperatorCase(type: "Identity", inputs: [counting([2, 3])]),
        OperatorCase(type: "Dropout", inputs: [counting([2, 3])], outputCount: 2),
        OperatorCase(
            type: "Gather",
            inputs: [counting([3, 4, 2]), list([2, 0])],
            constants: [1],
            attributes: [Attribute("axis", 1)]
        ),
        OperatorCase(type: "ConstantOfShape", inputs: [list([2, 3])], constants: [0]),
        OperatorCase(type: "DepthToSpace", inputs: [counting([1, 12, 2, 2])], attributes: [Attribute("blocksize", 2)]),
        OperatorCase(
            type: "DepthToSpace",
            inputs: [counting([1, 12, 2, 2])],
            attributes: [Attribute("blocksize", 2), Attribute("mode", "CRD")]
        ),
        OperatorCase(type: "SpaceToDepth", inputs: [counting([1, 3, 4, 4])], attributes: [Attribute("blocksize", 2)]),
        OperatorCase(
            type: "ReverseSequence",
            inputs: [counting([2, 2, 3]), list([1, 2])],
            constants: [1]
        ),
        OperatorCase(type: "Trilu", inputs: [counting([3, 2, 2])]),
    ]

    /// Shrinking the axes that a link ties together leaves what is left of the outputs.
    @Test(arguments: cases) func linksHold(_ item: OperatorCase) throws {
        #expect(try OperatorNarrowing.check(item) > 0)
    }

    @Test func partsThatAreLargerThanTheWholeAreABarrier() throws {
        var builder = ModelBuilder()
        try builder.input("a", [2, 3])
        try builder.input("b", [2, .max])
        try builder.node("Concat", ["a", "b"], ["y"], [Attribute("axis", 1)])
        var model = builder.model
        try model.graph.addOutput("y", type: .tensor(TensorType(.float32, [.known(2), .known(6)])))
        let facts = try GraphFacts(model)
        let id = try #require(model.graph.nodeIDs.first { _ in true })
        let definition = try #require(facts.definition(id, model.graph))
        #expect(try definition.coupling(facts.site(id, model.graph)).links.isEmpty)
    }

    @Test func flatteningImagesOffersEveryAxis() throws {
        let (definition, site) = try OperatorCase(type: "Flatten", inputs: [Self.counting([2, 3, 4, 5])]).site()
        let coupling = try definition.coupling(site)
        #expect(coupling.links.map(\.from.axis) == [0])
        let choice = try #require(coupling.choices.first)
        #expect(choice.map(\.count) == [3, 4, 5])
        #expect(choice.map(\.outer) == [1, 3, 12])
        #expect(choice.map(\.inner) == [20, 5, 1])
    }

    @Test(arguments: [
        OperatorCase(type: "Slice", inputs: [counting([2, 6]), list([0, 0]), list([2, 6])]),
        OperatorCase(type: "Pad", inputs: [counting([2, 6]), list([0, 0, 1, 1])]),
        OperatorCase(type: "Reshape", inputs: [counting([2, 6]), list([12])]),
        OperatorCase(type: "Expand", inputs: [counting([2, 6]), list([1, 2, 6])]),
        OperatorCase(type: "GatherElements", inputs: [counting([2, 2]), TensorData.zeroIndices]),
    ]) func whatIsOnlyKnownAtRunTimeIsABarrierWithAReason(_ item: OperatorCase) throws {
        let (definition, site) = try item.site()
        let coupling = try definition.coupling(site)
        #expect(coupling.links.isEmpty && coupling.choices.isEmpty && coupling.free.isEmpty)
        #expect(coupling.reason != nil)
    }
}

extension TensorData {
    static var zeroIndices: TensorData? { try? TensorData([0, 1, 1, 0] as [Int64], shape: [2, 2]) }
}

extension OperatorCase {
    /// The same Pad on some axes only, as operator set 18 has it.
    func with(axes: [Int]) -> OperatorCase {
        var copy = self
        copy.opset = 18
        copy.inputs += [nil, LayoutCouplingTests.list(axes)]
        copy.constants.insert(3)
        return copy
    }
}
