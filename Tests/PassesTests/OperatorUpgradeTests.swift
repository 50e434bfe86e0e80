import Execution
import GraphIR
import Passes
import TestSupport
import Tensors
import Testing

/// A node and the same node brought to a later operator set give the same numbers.
@Suite struct OperatorUpgradeTests {
    private func expectSameMeaning(
        _ type: String,
        _ inputs: [TensorData?],
        _ attributes: [Attribute],
        from opset: Int,
        to later: Int,
        constants: Set<Int> = []
    ) throws {
        var model = try singleNodeModel(
            type,
            inputs: inputs,
            constants: constants,
            attributes: attributes,
            opset: opset
        )
        var feeds: [ValueID: TensorData] = [:]
        for (port, tensor) in inputs.enumerated() where !constants.contains(port) {
            if let tensor, let id = model.graph.value(named: "x\(port)") { feeds[id] = tensor }
        }
        let before = try ExecutionPlan(model).run(feeds, threads: 1)
        _ = try OpsetUpgrade.upgrade(&model, to: later)
        #expect(model.opset() == later)
        let after = try ExecutionPlan(model).run(feeds, threads: 1)
        #expect(before[0].shape == after[0].shape)
        #expect(before[0].isIdentical(to: after[0]))
    }

    @Test(arguments: ["Softmax", "LogSoftmax", "Hardmax"], [0, 1, 2, 3, nil])
    func rowsOfTheSoftmaxFamilyStayTheSame(_ type: String, _ axis: Int?) throws {
        for shape in [[2, 3, 4, 5], [2, 3, 1, 1], [1, 1, 1, 7]] {
            let x = try TensorData.random(shape, seed: 5)
            try expectSameMeaning(type, [x], axis.map { [Attribute("axis", $0)] } ?? [], from: 11, to: 13)
        }
    }

    @Test(arguments: ["nearest", "linear"], [11, 13, 19]) func upsamplingStaysTheSame(_ mode: String, _ opset: Int)
        throws
    {
        let x = try TensorData.random([1, 2, 3, 5], seed: 1)
        let scales: [Float] = [1, 1, 2, 1.5]
        try expectSameMeaning(
            "Upsample",
            [x],
            [Attribute("mode", mode), Attribute("scales", .floats(scales))],
            from: 7,
            to: opset
        )
        try expectSameMeaning(
            "Upsample",
            [x, TensorData(scales)],
            [Attribute("mode", mode)],
            from: 9,
            to: opset,
            constants: [1]
        )
    }

    @Test(arguments: ["nearest", "linear"], [0.5, 0.6, 1.7]) func resizingOfOperatorSet10StaysTheSame(
        _ mode: String,
        _ scale: Float
    ) throws {
        let x = try TensorData.random([1, 2, 7, 10], seed: 1)
        let scales = try TensorData([1, 1, scale, scale])
        try expectSameMeaning("Resize", [x, scales], [Attribute("mode", mode)], from: 10, to: 13, constants: [1])
    }

    @Test func batchNormalizationStaysTheSame() throws {
        let x = try TensorData.random([2, 3, 4], seed: 1)
        let parameters = try (2..<6).map { try TensorData.random([3], seed: $0, in: 0.5...1) }
        try expectSameMeaning(
            "BatchNormalization",
            [x] + parameters,
            [Attribute("is_test", 1), Attribute("spatial", 1), Attribute("epsilon", Float(0.01))],
            from: 6,
            to: 15
        )
    }

    @Test(arguments: [nil, 1, 2]) func fourierTransformsStayTheSame(_ axis: Int?) throws {
        let x = try TensorData.random([2, 4, 5, 1], seed: 1)
        let attributes = axis.map { [Attribute("axis", $0)] } ?? []
        try expectSameMeaning("DFT", [x], attributes, from: 17, to: 20)
    }

    @Test func gemmStaysTheSame() throws {
        let (a, b, c) = (
            try TensorData.random([2, 3], seed: 1), try TensorData.random([3, 4], seed: 2),
            try TensorData.random([4], seed: 3)
        )
        try expectSameMeaning("Gemm", [a, b, c], [Attribute("broadcast", 1)], from: 6, to: 13)
    }

    @Test func groupNormalizationStaysTheSame() throws {
        let x = try TensorData.random([2, 6, 4], seed: 1)
        let (scale, bias) = (try TensorData.random([3], seed: 2), try TensorData.random([3], seed: 3))
        try expectSameMeaning(
            "GroupNormalization",
            [x, scale, bias],
            [Attribute("num_groups", 3)],
            from: 18,
            to: 21,
            constants: [1, 2]
        )
    }
}
