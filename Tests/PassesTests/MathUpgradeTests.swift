import GraphIR
import Passes
import TestSupport
import Tensors
import Testing

/// Arithmetic, activations and reductions of old operator sets in their later form: the same numbers.
@Suite struct MathUpgradeTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let type: String
        let opset: Int
        let target: Int
        var second: [Int]?
        /// Whether the second input is an initialiser.
        var isStored = true
        var outputs = 1
        var attributes: [Attribute] = []
        /// Whether the form changes at all.
        var changes = true
        var testDescription: String { "\(type) \(opset) → \(target) \(attributes.map(\.name))" }
    }

    @Test(arguments: [
        Case(
            type: "Clip",
            opset: 6,
            target: 13,
            attributes: [Attribute("min", Float(-0.25)), Attribute("max", Float(0.5))]
        ),
        Case(type: "Clip", opset: 10, target: 11, attributes: [Attribute("max", Float(0.5))]),
        Case(type: "Clip", opset: 10, target: 13, changes: false),
        Case(
            type: "Mul",
            opset: 6,
            target: 13,
            second: [2],
            attributes: [Attribute("broadcast", 1), Attribute("axis", 1)]
        ),
        Case(
            type: "Mul",
            opset: 6,
            target: 11,
            second: [2],
            attributes: [Attribute("broadcast", 1), Attribute("axis", 1)]
        ),
        Case(
            type: "Sub",
            opset: 6,
            target: 13,
            second: [2, 3],
            attributes: [Attribute("broadcast", 1), Attribute("axis", 1)]
        ),
        Case(type: "Add", opset: 6, target: 13, second: [3, 2], attributes: [Attribute("broadcast", 1)]),
        Case(type: "Div", opset: 6, target: 13, second: [1, 2, 3, 2], changes: false),
        Case(type: "PRelu", opset: 6, target: 13, second: [2], isStored: false),
        Case(
            type: "Mul",
            opset: 6,
            target: 11,
            second: [2],
            isStored: false,
            attributes: [Attribute("broadcast", 1), Attribute("axis", 1)]
        ),
        Case(
            type: "Mul",
            opset: 6,
            target: 13,
            second: [2, 3],
            isStored: false,
            attributes: [Attribute("broadcast", 1), Attribute("axis", 1)]
        ),
        Case(type: "PRelu", opset: 6, target: 13, second: [2]),
        Case(type: "PRelu", opset: 6, target: 9, second: [2]),
        Case(type: "ReduceMean", opset: 11, target: 18, attributes: [Attribute("axes", [1, -1])]),
        Case(type: "ReduceMean", opset: 11, target: 13, attributes: [Attribute("axes", [1])], changes: false),
        Case(type: "ReduceMax", opset: 11, target: 21, attributes: [Attribute("axes", [2]), Attribute("keepdims", 0)]),
        Case(type: "ReduceSum", opset: 11, target: 13, attributes: [Attribute("axes", [1]), Attribute("keepdims", 0)]),
        Case(type: "ReduceSum", opset: 11, target: 13, changes: false),
        Case(type: "TopK", opset: 9, target: 13, outputs: 2, attributes: [Attribute("k", 2), Attribute("axis", 2)]),
    ])
    func meansTheSame(_ test: Case) throws {
        var builder = ModelBuilder(opset: test.opset, irVersion: 3)
        try builder.input("x", [1, 2, 3, 2])
        var inputs = ["x"]
        if let shape = test.second {
            let count = shape.reduce(1, *)
            if test.isStored {
                try builder.constant("w", TensorData((0..<count).map { 0.5 + Float($0) }, shape: shape))
            } else {
                try builder.input("w", shape)
            }
            inputs.append("w")
        }
        let outputs = (0..<test.outputs).map { "y\($0)" }
        try builder.node(test.type, inputs, outputs, test.attributes)
        for output in outputs { try builder.output(output) }
        var result = builder.model
        let changed = try OpsetUpgrade.upgrade(&result, to: test.target)
        #expect(changed.isEmpty != test.changes)
        #expect(try relativeDifference(builder.model, result) == 0)
    }

    @Test func unknownRanksCannotBeAligned() throws {
        var builder = ModelBuilder(opset: 6, irVersion: 3)
        try builder.input("x", [1, 2])
        try builder.node("Mystery", ["x"], ["a"], domain: "other.domain")
        try builder.node("Add", ["a", "x"], ["y"], [Attribute("broadcast", 1), Attribute("axis", 0)])
        try builder.output("y")
        var model = builder.model
        model.setOpset(1, domain: "other.domain")
        let error = #expect(throws: CNNOptError.self) { try OpsetUpgrade.upgrade(&model, to: 13) }
        #expect(error?.exitStatus == 69)
    }
}
