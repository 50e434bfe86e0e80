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
}
