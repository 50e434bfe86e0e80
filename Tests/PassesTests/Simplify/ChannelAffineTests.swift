import GraphIR
import Passes
import TestSupport
import Tensors
import Testing

/// Scales and shifts behind a linear operator.
@Suite struct ChannelAffineTests {
    @Test(arguments: [[4, 1, 1], [1, 4, 1, 1], [1], []], [true, false])
    func aShiftBecomesConvolutionBias(_ shape: [Int], _ hasBias: Bool) throws {
        var builder = ModelBuilder()
        try builder.input("x", [nil, 3, 5, 5])
        try builder.constant("w", .random([4, 3, 3, 3], seed: 1))
        try builder.constant("b", .random([4], seed: 2))
        try builder.constant("shift", .random(shape, seed: 3))
        try builder.node("Conv", ["x", "w"] + (hasBias ? ["b"] : []), ["c"])
        try builder.node("Add", ["shift", "c"], ["y"])
        try builder.output("y")
        let (model, report) = try simplified(builder.model, within: 1e-6)
        #expect(model.graph.operatorTypes == ["Conv"])
        #expect(report.layers.map(\.name) == ["c_node"])
        #expect(report.layers.first?.change == "took in Add 'y_node'")
        #expect(model.graph.initializers.count == 2)
    }

    @Test func whatIsNotOneNumberAChannelStays() throws {
        for shape in [[5], [5, 1], [4, 1, 5], [1, 4, 5, 5], [2, 4, 1, 1]] {
            var builder = ModelBuilder()
            try builder.input("x", [2, 3, 5, 5])
            try builder.constant("w", .random([4, 3, 1, 1], seed: 1))
            try builder.constant("shift", .random(shape, seed: 3))
            try builder.node("Conv", ["x", "w"], ["c"])
            try builder.node("Add", ["c", "shift"], ["y"])
            try builder.output("y")
            #expect(try simplified(builder.model).model.graph.operatorTypes == ["Conv", "Add"])
        }
    }

    @Test func aProductWithOtherUsersStays() throws {
        var builder = ModelBuilder()
        try builder.input("x", [2, 3, 5, 5])
        try builder.constant("w", .random([4, 3, 1, 1], seed: 1))
        try builder.constant("shift", .random([4, 1, 1], seed: 3))
        try builder.node("Conv", ["x", "w"], ["c"])
        try builder.node("Add", ["c", "shift"], ["y"])
        try builder.node("Relu", ["c"], ["z"])
        try builder.output("y")
        try builder.output("z")
        #expect(try simplified(builder.model).model.graph.operatorTypes == ["Conv", "Add", "Relu"])
    }

    @Test func sharedBiasesAreCopied() throws {
        var builder = ModelBuilder()
        try builder.input("x", [2, 3, 5, 5])
        try builder.constant("w", .random([3, 3, 1, 1], seed: 1))
        try builder.constant("b", .random([3], seed: 2))
        try builder.constant("shift", .random([3, 1, 1], seed: 3))
        try builder.node("Conv", ["x", "w", "b"], ["c"])
        try builder.node("Add", ["c", "shift"], ["d"])
        try builder.node("Conv", ["d", "w", "b"], ["y"])
        try builder.output("y")
        let (model, _) = try simplified(builder.model, within: 1e-6)
        #expect(model.graph.operatorTypes == ["Conv", "Conv"])
        #expect(model.graph.initializers.map { model.graph[$0].name } == ["w", "b", "c_node_bias"])
    }

    @Test func aGemmThatScalesItsBiasTakesNone() throws {
        var builder = ModelBuilder()
        try builder.input("x", [nil, 6])
        try builder.constant("w", .random([6, 4], seed: 1))
        try builder.constant("shift", .random([4], seed: 3))
        try builder.node("Gemm", ["x", "w"], ["c"], [Attribute("beta", Float(0.5))])
        try builder.node("Mul", ["c", "shift"], ["d"])
        try builder.node("Add", ["d", "shift"], ["y"])
        try builder.output("y")
        #expect(try simplified(builder.model, within: 1e-6).model.graph.operatorTypes.first == "Gemm")
    }

    @Test func sharedWeightsKeepTheScaleBehind() throws {
        var builder = ModelBuilder()
        try builder.input("x", [2, 3, 5, 5])
        try builder.constant("w", .random([4, 3, 1, 1], seed: 1))
        try builder.constant("factor", .random([4, 1, 1], seed: 3))
        try builder.node("Conv", ["x", "w"], ["c"])
        try builder.node("Mul", ["c", "factor"], ["y"])
        try builder.node("Relu", ["x"], ["r"])
        try builder.node("Conv", ["r", "w"], ["z"])
        for name in ["y", "z"] { try builder.output(name) }
        #expect(try simplified(builder.model).model.graph.operatorTypes == ["Conv", "Mul", "Relu", "Conv"])
    }

    @Test func matrixProductsTakeABias() throws {
        var builder = ModelBuilder()
        try builder.input("x", [nil, 6])
        try builder.constant("w", .random([6, 4], seed: 1))
        try builder.constant("shift", .random([4], seed: 3))
        try builder.node("Gemm", ["x", "w"], ["c"])
        try builder.node("Add", ["c", "shift"], ["y"])
        try builder.output("y")
        let (model, _) = try simplified(builder.model, within: 1e-6)
        #expect(model.graph.operatorTypes == ["Gemm"])
    }

    private func stored(_ builder: inout ModelBuilder, _ prefix: String, channels: Int) throws -> [String] {
        let (names, seeds) = (["scale", "bias", "mean", "variance"].map { prefix + $0 }, [11, 12, 13, 14] as [UInt64])
        for (name, seed) in zip(names, seeds) {
            let range = name.hasSuffix("variance") ? 0.2...2 : -1...1
            try builder.constant(name, .random([channels], seed: seed, in: range))
        }
        return names
    }

    @Test(arguments: [(1, true), (1, false), (2, true), (6, false)])
    func batchNormalisationGoesIntoTheConvolution(_ group: Int, _ hasBias: Bool) throws {
        var builder = ModelBuilder()
        try builder.input("x", [nil, 6, 5, 5])
        try builder.constant("w", .random([12, 6 / group, 3, 3], seed: 1))
        try builder.constant("b", .random([12], seed: 2))
        let parameters = try stored(&builder, "bn_", channels: 12)
        try builder.node("Conv", ["x", "w"] + (hasBias ? ["b"] : []), ["c"], [Attribute("group", group)])
        try builder.node("BatchNormalization", ["c"] + parameters, ["n"])
        try builder.node("Relu", ["n"], ["y"])
        try builder.output("y")
        let (model, report) = try simplified(builder.model, within: 1e-5)
        #expect(model.graph.operatorTypes == ["Conv", "Relu"])
        #expect(report.notes.contains("scales and shifts taken into weights: 1"))
    }

    @Test(arguments: [1, 2, 3])
    func batchNormalisationGoesIntoTheTransposedConvolution(_ group: Int) throws {
        var builder = ModelBuilder()
        try builder.input("x", [nil, 6, 5, 5])
        try builder.constant("w", .random([6, 4, 3, 3], seed: 1))
        let parameters = try stored(&builder, "bn_", channels: 4 * group)
        try builder.node("ConvTranspose", ["x", "w"], ["c"], [Attribute("group", group)])
        try builder.node("BatchNormalization", ["c"] + parameters, ["y"])
        try builder.output("y")
        #expect(try simplified(builder.model, within: 1e-5).model.graph.operatorTypes == ["ConvTranspose"])
    }

    @Test(arguments: [0, 1])
    func batchNormalisationGoesIntoTheMatrixProduct(_ transB: Int) throws {
        var builder = ModelBuilder()
        try builder.input("x", [nil, 6])
        try builder.constant("w", .random(transB == 1 ? [4, 6] : [6, 4], seed: 1))
        try builder.constant("b", .random([4], seed: 2))
        let parameters = try stored(&builder, "bn_", channels: 4)
        try builder.node("Gemm", ["x", "w", "b"], ["c"], [Attribute("transB", transB)])
        try builder.node("BatchNormalization", ["c"] + parameters, ["y"])
        try builder.output("y")
        #expect(try simplified(builder.model, within: 1e-5).model.graph.operatorTypes == ["Gemm"])
    }

    @Test func chainsOfScalesAndShiftsCollapse() throws {
        var builder = ModelBuilder()
        try builder.input("x", [nil, 3, 5, 5])
        try builder.constant("w", .random([4, 3, 3, 3], seed: 1))
        try builder.constant("scale", .random([1, 4, 1, 1], seed: 2))
        try builder.constant("half", TensorData([0.5 as Float], shape: []))
        try builder.constant("one", TensorData([1 as Float], shape: []))
        let parameters = try stored(&builder, "bn_", channels: 4)
        try builder.node("Conv", ["x", "w"], ["c"])
        try builder.node("Mul", ["c", "scale"], ["d"])
        try builder.node("Sub", ["one", "d"], ["e"])
        try builder.node("BatchNormalization", ["e"] + parameters, ["f"])
        try builder.node("Div", ["f", "half"], ["y"])
        try builder.output("y")
        let (model, _) = try simplified(builder.model, within: 1e-5)
        #expect(model.graph.operatorTypes == ["Conv"])
        #expect(model.graph.initializers.count == 2)
    }

    @Test func quantisedWeightsStayQuantised() throws {
        var builder = ModelBuilder()
        try builder.input("x", [nil, 3, 5, 5])
        try builder.constant("q", TensorData((0..<12).map { Int8($0) }, shape: [4, 3, 1, 1]))
        try builder.constant("step", TensorData([0.1 as Float], shape: []))
        try builder.constant("shift", .random([4, 1, 1], seed: 3))
        try builder.node("DequantizeLinear", ["q", "step"], ["w"])
        try builder.node("Conv", ["x", "w"], ["c"])
        try builder.node("Mul", ["c", "shift"], ["y"])
        try builder.output("y")
        let (model, _) = try simplified(builder.model)
        #expect(model.graph.operatorTypes == ["DequantizeLinear", "Conv", "Mul"])
    }
}
