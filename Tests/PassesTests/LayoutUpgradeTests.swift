import GraphIR
import Passes
import TestSupport
import Tensors
import Testing

/// Layout operators of old operator sets in their later form: the same numbers.
@Suite struct LayoutUpgradeTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let type: String
        let opset: Int
        let target: Int
        var shape = [1, 4, 3, 2]
        var outputs = 1
        var attributes: [Attribute] = []
        /// Whether the form changes at all.
        var changes = true
        var testDescription: String { "\(type) \(opset) → \(target) \(attributes.map(\.name))" }
    }

    @Test(arguments: [
        Case(type: "Squeeze", opset: 6, target: 13, attributes: [Attribute("axes", [0])]),
        Case(type: "Squeeze", opset: 6, target: 13),
        Case(type: "Squeeze", opset: 6, target: 12, changes: false),
        Case(type: "Unsqueeze", opset: 11, target: 13, attributes: [Attribute("axes", [-1, 0])]),
        Case(type: "Split", opset: 6, target: 13, outputs: 2, attributes: [Attribute("axis", 1)]),
        Case(type: "Split", opset: 6, target: 18, outputs: 2, attributes: [Attribute("axis", 1)]),
        Case(type: "Split", opset: 13, target: 18, outputs: 4, attributes: [Attribute("axis", 1)]),
        Case(type: "Split", opset: 13, target: 17, outputs: 4, attributes: [Attribute("axis", 1)], changes: false),
        Case(
            type: "Split",
            opset: 11,
            target: 21,
            outputs: 2,
            attributes: [Attribute("axis", 1), Attribute("split", [1, 3])]
        ),
        Case(
            type: "Slice",
            opset: 9,
            target: 13,
            attributes: [Attribute("axes", [1, 3]), Attribute("starts", [-3, 0]), Attribute("ends", [4, -1])]
        ),
        Case(
            type: "Slice",
            opset: 6,
            target: 10,
            attributes: [Attribute("starts", [0, 1]), Attribute("ends", [1, 3])]
        ),
        Case(
            type: "Pad",
            opset: 6,
            target: 11,
            attributes: [Attribute("pads", [0, 1, 0, 0, 0, 0, 2, -1]), Attribute("value", Float(2.5))]
        ),
        Case(
            type: "Pad",
            opset: 10,
            target: 19,
            attributes: [Attribute("pads", [0, 0, 1, 1, 0, 0, 2, 0]), Attribute("mode", "reflect")]
        ),
        Case(type: "Dropout", opset: 6, target: 13, attributes: [Attribute("ratio", Float(0.25))]),
        Case(type: "Dropout", opset: 7, target: 13, outputs: 2),
        Case(type: "Dropout", opset: 10, target: 12, outputs: 2),
        Case(type: "Dropout", opset: 12, target: 13, changes: false),
        Case(type: "Flatten", opset: 6, target: 13, changes: false),
        Case(type: "Transpose", opset: 6, target: 13, changes: false),
    ])
    func meansTheSame(_ test: Case) throws {
        var builder = ModelBuilder(opset: test.opset, irVersion: 3)
        try builder.input("x", test.shape.map { $0 })
        let outputs = (0..<test.outputs).map { "y\($0)" }
        try builder.node(test.type, ["x"], outputs, test.attributes)
        for output in outputs where output == "y0" || test.type == "Split" { try builder.output(output) }
        var upgraded = builder.model
        let changes = try OpsetUpgrade.upgrade(&upgraded, to: test.target)
        #expect(changes.isEmpty == !test.changes)
        #expect(upgraded.opset() == test.target)
        #expect(try relativeDifference(builder.model, upgraded) == 0)
    }

    @Test func aMaskThatWouldChangeItsTypeIsRefused() throws {
        var builder = ModelBuilder(opset: 7)
        try builder.input("x", [2])
        try builder.node("Dropout", ["x"], ["y", "mask"])
        try builder.output("mask")
        var model = builder.model
        let error = #expect(throws: CNNOptError.self) { try OpsetUpgrade.upgrade(&model, to: 13) }
        #expect(error?.exitStatus == 69)
    }
}
