import GraphIR
import Passes
import TestSupport
import Tensors
import Testing

/// Linear operators that follow each other.
@Suite struct LinearMergeTests {
    private func convolutions(
        _ channels: [Int],
        _ kernels: [Int],
        _ first: [Attribute] = [],
        _ second: [Attribute] = [],
        firstBias: Bool = true,
        between: String? = nil,
        outputs: [String] = ["y"]
    ) throws -> Model {
        var builder = ModelBuilder()
        try builder.input("x", [nil, channels[0], 7, 7])
        try builder.constant("w1", .random([channels[1], channels[0], kernels[0], kernels[0]], seed: 1))
        try builder.constant("w2", .random([channels[2], channels[1], kernels[1], kernels[1]], seed: 2))
        try builder.constant("b1", .random([channels[1]], seed: 3))
        try builder.constant("b2", .random([channels[2]], seed: 4))
        try builder.node("Conv", ["x", "w1"] + (firstBias ? ["b1"] : []), ["a"], first)
        if let between { try builder.node(between, ["a"], ["r"]) }
        try builder.node("Conv", [between == nil ? "a" : "r", "w2", "b2"], ["y"], second)
        for name in outputs { try builder.output(name) }
        return builder.model
    }

    private static let padded = [Attribute("pads", [1, 1, 1, 1])]

    @Test func aPointwiseConvolutionGoesIntoTheOneBehind() throws {
        let model = try simplified(convolutions([3, 8, 5], [1, 3]), within: 1e-5).model
        #expect(model.graph.operatorTypes == ["Conv"])
        #expect(model.graph.initializers.count == 2)
    }

    @Test func aPointwiseConvolutionGoesIntoTheOneBefore() throws {
        for attributes in [Self.padded, [Attribute("strides", [2, 2])]] {
            let model = try simplified(convolutions([3, 8, 5], [3, 1], attributes), within: 1e-5).model
            #expect(model.graph.operatorTypes == ["Conv"])
        }
    }

    @Test func withoutABiasPaddingBehindIsNoTrouble() throws {
        let model = try convolutions([3, 8, 5], [1, 3], [], Self.padded, firstBias: false)
        #expect(try simplified(model, within: 1e-5).model.graph.operatorTypes == ["Conv"])
    }

    @Test func otherPairsStay() throws {
        let pairs = [
            // A bias that zeros around it would have to see, two windows, a stride in between.
            try convolutions([3, 8, 5], [1, 3], [], Self.padded), try convolutions([3, 8, 5], [3, 3]),
            try convolutions([3, 8, 5], [1, 3], [Attribute("strides", [2, 2])]),
            // A bottleneck is what makes two layers smaller.
            try convolutions([8, 2, 8], [1, 3]), try convolutions([8, 2, 8], [1, 1]),
            try convolutions([3, 8, 5], [1, 3], between: "Relu"),
            try convolutions([3, 8, 5], [1, 3], outputs: ["a", "y"]),
        ]
        for model in pairs {
            #expect(try simplified(model).model.graph.operatorTypes == model.graph.operatorTypes)
        }
    }

    @Test func groupsStay() throws {
        var builder = ModelBuilder()
        try builder.input("x", [nil, 4, 7, 7])
        try builder.constant("w1", .random([4, 1, 3, 3], seed: 1))
        try builder.constant("w2", .random([4, 4, 1, 1], seed: 2))
        try builder.node("Conv", ["x", "w1"], ["a"], [Attribute("group", 4)])
        try builder.node("Conv", ["a", "w2"], ["y"])
        try builder.output("y")
        #expect(try simplified(builder.model).model.graph.operatorTypes == ["Conv", "Conv"])
    }

    @Test(arguments: [0, 1], ["Gemm", "MatMul"])
    func productsAreMultiplied(_ transB: Int, _ second: String) throws {
        var builder = ModelBuilder()
        try builder.input("x", [nil, 4])
        try builder.constant("w1", .random(transB == 1 ? [9, 4] : [4, 9], seed: 1))
        try builder.constant("w2", .random([9, 5], seed: 2))
        try builder.constant("b1", .random([9], seed: 3))
        try builder.node("Gemm", ["x", "w1", "b1"], ["a"], [Attribute("transB", transB)])
        try builder.node(second, ["a", "w2"], ["y"])
        try builder.output("y")
        let model = try simplified(builder.model, within: 1e-5).model
        #expect(model.graph.operatorTypes == ["Gemm"])
        #expect(model.graph.initializers.count == 2)
    }

    @Test func sharedWeightsStay() throws {
        var builder = ModelBuilder()
        try builder.input("x", [nil, 4])
        try builder.constant("w", .random([4, 4], seed: 1))
        try builder.node("MatMul", ["x", "w"], ["a"])
        try builder.node("MatMul", ["a", "w"], ["y"])
        try builder.output("y")
        #expect(try simplified(builder.model).model.graph.operatorTypes == ["MatMul", "MatMul"])
    }
}
