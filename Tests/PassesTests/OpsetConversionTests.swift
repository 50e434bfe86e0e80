import GraphIR
import Operators
import Passes
import TestSupport
import Tensors
import Testing

/// One node in the form of an old operator set.
struct OldForm: Sendable, CustomTestStringConvertible {
    let type: String
    let opset: Int
    /// Shapes of float inputs, drawn at random.
    let inputs: [[Int]]
    /// Stored inputs behind them.
    var stored: [TensorData] = []
    var attributes: [Attribute] = []
    var outputs = 1
    /// The operators that the conversion to operator set 13 uses; nil where the node may stay as it is.
    let becomes: [String]?

    var testDescription: String {
        "\(type) of \(opset), " + attributes.map { "\($0.name)=\($0.value)" }.joined(separator: " ")
    }

    func model() throws -> Model {
        var builder = ModelBuilder(opset: opset)
        var names: [String] = []
        for (index, shape) in inputs.enumerated() { names.append(try builder.input("x\(index)", shape.map { $0 })) }
        for (index, data) in stored.enumerated() { names.append(try builder.constant("c\(index)", data)) }
        let results = (0..<outputs).map { "y\($0)" }
        try builder.node(type, names, results, attributes)
        for result in results { try builder.output(result, .float32) }
        return builder.model
    }
}

private let broadcasting = [
    OldForm(
        type: "Add",
        opset: 6,
        inputs: [[2, 3, 4, 5], [3]],
        attributes: [Attribute("broadcast", 1), Attribute("axis", 1)],
        becomes: ["Unsqueeze", "Add"]
    ),
    OldForm(
        type: "Mul",
        opset: 6,
        inputs: [[2, 3, 4, 5], [3, 4]],
        attributes: [Attribute("broadcast", 1), Attribute("axis", 1)],
        becomes: ["Unsqueeze", "Mul"]
    ),
    OldForm(
        type: "Sub",
        opset: 6,
        inputs: [[2, 3, 4, 5], [4, 5]],
        attributes: [Attribute("broadcast", 1)],
        becomes: ["Sub"]
    ),
    OldForm(
        type: "Div",
        opset: 6,
        inputs: [[2, 3]],
        stored: [constant([2, 4])],
        attributes: [Attribute("broadcast", 1), Attribute("axis", 0)],
        becomes: ["Div"]
    ),
]

private let normalisation = [
    OldForm(type: "Softmax", opset: 11, inputs: [[2, 3, 4]], becomes: ["Flatten", "Softmax", "Shape", "Reshape"]),
    OldForm(
        type: "Softmax",
        opset: 7,
        inputs: [[2, 3, 4]],
        attributes: [Attribute("axis", 2)],
        becomes: ["Softmax"]
    ),
    OldForm(type: "Softmax", opset: 9, inputs: [[2, 3]], becomes: ["Softmax"]),
    OldForm(
        type: "LogSoftmax",
        opset: 11,
        inputs: [[2, 3, 4, 2]],
        attributes: [Attribute("axis", 2)],
        becomes: ["Flatten", "LogSoftmax", "Shape", "Reshape"]
    ),
    OldForm(
        type: "BatchNormalization",
        opset: 6,
        inputs: [[2, 3, 4, 4]],
        stored: [constant([1, 2, 3]), constant([0, 1, -1]), constant([0.5, 0, 1]), constant([1, 2, 4])],
        attributes: [Attribute("is_test", 1), Attribute("spatial", 1), Attribute("epsilon", Float(0.001))],
        becomes: ["BatchNormalization"]
    ),
    OldForm(
        type: "BatchNormalization",
        opset: 7,
        inputs: [[2, 3, 4, 4]],
        stored: [constant([1, 2, 3]), constant([0, 1, -1]), constant([0.5, 0, 1]), constant([1, 2, 4])],
        attributes: [Attribute("spatial", 1)],
        becomes: ["BatchNormalization"]
    ),
    OldForm(
        type: "BatchNormalization",
        opset: 9,
        inputs: [[2, 3, 4, 4]],
        stored: [constant([1, 2, 3]), constant([0, 1, -1]), constant([0.5, 0, 1]), constant([1, 2, 4])],
        becomes: nil
    ),
    OldForm(
        type: "Dropout",
        opset: 6,
        inputs: [[2, 3]],
        attributes: [Attribute("is_test", 1), Attribute("ratio", Float(0.3))],
        becomes: ["Dropout"]
    ),
    OldForm(
        type: "Dropout",
        opset: 7,
        inputs: [[2, 3]],
        attributes: [Attribute("ratio", Float(0.3))],
        becomes: ["Dropout"]
    ),
]

private let bounds = [
    OldForm(
        type: "Clip",
        opset: 6,
        inputs: [[2, 3]],
        attributes: [Attribute("min", Float(-0.5)), Attribute("max", Float(0.25))],
        becomes: ["Clip"]
    ),
    OldForm(type: "Clip", opset: 6, inputs: [[2, 3]], attributes: [Attribute("min", Float(0))], becomes: ["Clip"]),
    OldForm(type: "Clip", opset: 10, inputs: [[2, 3]], attributes: [Attribute("max", Float(0))], becomes: ["Clip"]),
    OldForm(
        type: "Gemm",
        opset: 6,
        inputs: [[2, 3], [3, 4], [4]],
        attributes: [Attribute("broadcast", 1)],
        becomes: ["Gemm"]
    ),
    OldForm(type: "PRelu", opset: 6, inputs: [[2, 3, 4, 4]], stored: [constant([0.1, 0.2, 0.3])], becomes: ["PRelu"]),
]

private let layout = [
    OldForm(
        type: "Pad",
        opset: 6,
        inputs: [[1, 2, 3, 3]],
        attributes: [Attribute("pads", [0, 0, 1, 2, 0, 1, 0, 1]), Attribute("value", Float(0.5))],
        becomes: ["Pad"]
    ),
    OldForm(
        type: "Pad",
        opset: 10,
        inputs: [[1, 2, 3, 3]],
        attributes: [Attribute("pads", [0, 0, 1, 2, 0, 0, 0, 1]), Attribute("mode", "reflect")],
        becomes: ["Pad"]
    ),
    OldForm(
        type: "Slice",
        opset: 9,
        inputs: [[4, 5, 6]],
        attributes: [Attribute("starts", [1, -3]), Attribute("ends", [3, 1000]), Attribute("axes", [0, 2])],
        becomes: ["Slice"]
    ),
    OldForm(
        type: "Slice",
        opset: 6,
        inputs: [[4, 5]],
        attributes: [Attribute("starts", [0, 1]), Attribute("ends", [-1, 3])],
        becomes: ["Slice"]
    ),
    OldForm(
        type: "Squeeze",
        opset: 11,
        inputs: [[1, 3, 1]],
        attributes: [Attribute("axes", [0, -1])],
        becomes: ["Squeeze"]
    ),
    OldForm(type: "Squeeze", opset: 6, inputs: [[1, 3, 1]], becomes: ["Squeeze"]),
    OldForm(
        type: "Unsqueeze",
        opset: 6,
        inputs: [[2, 3]],
        attributes: [Attribute("axes", [0, 3])],
        becomes: ["Unsqueeze"]
    ),
    OldForm(
        type: "Split",
        opset: 6,
        inputs: [[2, 6]],
        attributes: [Attribute("axis", 1), Attribute("split", [1, 3, 2])],
        outputs: 3,
        becomes: ["Split"]
    ),
    OldForm(type: "Split", opset: 11, inputs: [[4, 3]], outputs: 2, becomes: ["Split"]),
    OldForm(
        type: "Upsample",
        opset: 7,
        inputs: [[1, 2, 3, 3]],
        attributes: [Attribute("scales", .floats([1, 1, 2, 2])), Attribute("mode", "nearest")],
        becomes: ["Resize"]
    ),
    OldForm(
        type: "Upsample",
        opset: 9,
        inputs: [[1, 2, 3, 3]],
        stored: [constant([1, 1, 2, 3])],
        attributes: [Attribute("mode", "linear")],
        becomes: ["Resize"]
    ),
    OldForm(
        type: "Resize",
        opset: 10,
        inputs: [[1, 2, 4, 4]],
        stored: [constant([1, 1, 1.5, 2])],
        attributes: [Attribute("mode", "nearest")],
        becomes: ["Resize"]
    ),
]

private let reductions = [
    OldForm(
        type: "ReduceSum",
        opset: 11,
        inputs: [[2, 3, 4]],
        attributes: [Attribute("axes", [1, -1]), Attribute("keepdims", 0)],
        becomes: ["ReduceSum"]
    ),
    OldForm(type: "ReduceSum", opset: 6, inputs: [[2, 3, 4]], becomes: nil),
    OldForm(type: "ReduceMean", opset: 6, inputs: [[2, 3, 4]], attributes: [Attribute("axes", [2])], becomes: nil),
]

private func constant(_ values: [Float]) -> TensorData {
    // A vector of as many elements as it has always fits.
    guard let data = try? TensorData(values) else { preconditionFailure() }
    return data
}

@Suite struct OpsetConversionTests {
    @Test(arguments: broadcasting + normalisation + bounds + layout + reductions)
    func thirteenMeansTheSame(_ form: OldForm) throws {
        let before = try form.model()
        var after = before
        let conversions = try OpsetUpgrade.upgrade(&after, to: 13)
        #expect(after.opset() == 13)
        #expect(try relativeDifference(before, after) <= 1e-6)
        #expect(conversions.count == (form.becomes == nil ? 0 : 1))
        if let becomes = form.becomes { #expect(after.graph.operatorTypes == becomes) }
        let last = try #require(Array(after.graph.nodeIDs).last)
        #expect(after.graph[last].name == "y0_node")
    }

    @Test func outputsThatNobodyReadsAreLeftOut() throws {
        // The mask's type changed in version 10.
        var builder = ModelBuilder(opset: 7)
        try builder.input("x", [2, 3])
        try builder.node("Dropout", ["x"], ["y", "mask"])
        try builder.output("y")
        var model = builder.model
        _ = try OpsetUpgrade.upgrade(&model, to: 13)
        #expect(Array(model.graph.nodeIDs).map { model.graph[$0].outputs.count } == [1])
        #expect(try relativeDifference(builder.model, model) == 0)
    }

    @Test func whatLaterFormsCannotSayIsRefused() throws {
        // No rounding mode holds for axes that grow and for axes that shrink, as version 10 has it.
        let form = OldForm(
            type: "Resize",
            opset: 10,
            inputs: [[1, 2, 4, 4]],
            stored: [constant([1, 1, 1.5, 0.5])],
            attributes: [Attribute("mode", "nearest")],
            becomes: []
        )
        var model = try form.model()
        let error = #expect(throws: CNNOptError.self) { try OpsetUpgrade.upgrade(&model, to: 13) }
        #expect(error?.exitStatus == 69)
        #expect(error?.location.node == "y0_node")
    }

    @Test(arguments: broadcasting + normalisation + bounds + layout + reductions, [9, 18, 21])
    func otherVersionsMeanTheSame(_ form: OldForm, _ opset: Int) throws {
        let before = try form.model()
        var after = before
        _ = try OpsetUpgrade.upgrade(&after, to: opset)
        #expect(after.opset() == max(opset, form.opset))
        #expect(try relativeDifference(before, after) <= 1e-6)
    }
}
