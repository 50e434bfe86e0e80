import GraphIR
import Passes
import TestSupport
import Tensors
import Testing

/// Scales and shifts before a linear operator.
@Suite struct InputAffineTests {
    private static let batchNorm = ["scale", "shift", "mean", "variance"]

    private func builder(_ shape: [Int?]) throws -> ModelBuilder {
        var builder = ModelBuilder()
        try builder.input("x", shape)
        let wide = [Int](repeating: 1, count: max(0, shape.count - 2))
        try builder.constant("factor", .random([6] + wide, seed: 1))
        for (seed, name) in Self.batchNorm.enumerated() {
            let range = name == "variance" ? 0.2...2 : -1...1
            try builder.constant(name, .random([6], seed: 7 + UInt64(seed), in: range))
        }
        return builder
    }

    @Test(arguments: [1, 2, 3, 6], [0, 1])
    func aScaleGoesIntoAConvolution(_ group: Int, _ padding: Int) throws {
        var builder = try builder([nil, 6, 5, 5])
        try builder.constant("w", .random([12, 6 / group, 3, 3], seed: 2))
        try builder.constant("b", .random([12], seed: 3))
        try builder.node("Mul", ["x", "factor"], ["s"])
        let pads = Attribute("pads", [padding, padding, padding, padding])
        try builder.node("Conv", ["s", "w", "b"], ["y"], [Attribute("group", group), pads])
        try builder.output("y")
        let (model, report) = try simplified(builder.model, within: 1e-5)
        #expect(model.graph.operatorTypes == ["Conv"])
        #expect(model.graph.initializers.map { model.graph[$0].name } == ["w", "b"])
        #expect(report.layers.first?.change == "took in Mul 's_node'")
    }

    @Test(arguments: [1, 2, 3], [false, true])
    func aScaleGoesIntoATransposedConvolution(_ group: Int, _ isOneNumber: Bool) throws {
        var builder = try builder([nil, 6, 5, 5])
        try builder.constant("two", TensorData([2 as Float], shape: []))
        try builder.constant("w", .random([6, 4, 3, 3], seed: 2))
        try builder.node("Mul", [isOneNumber ? "two" : "factor", "x"], ["s"])
        try builder.node("ConvTranspose", ["s", "w"], ["y"], [Attribute("group", group)])
        try builder.output("y")
        #expect(try simplified(builder.model, within: 1e-5).model.graph.operatorTypes == ["ConvTranspose"])
    }

    @Test(arguments: [1, 3], [false, true])
    func aShiftGoesInWithoutPadding(_ group: Int, _ hasBias: Bool) throws {
        var builder = try builder([nil, 6, 5, 5])
        try builder.constant("w", .random([12, 6 / group, 3, 3], seed: 2))
        try builder.constant("b", .random([12], seed: 3))
        try builder.node("BatchNormalization", ["x"] + Self.batchNorm, ["s"])
        try builder.node("Conv", ["s", "w"] + (hasBias ? ["b"] : []), ["y"], [Attribute("group", group)])
        try builder.output("y")
        let model = try simplified(builder.model, within: 1e-5).model
        #expect(model.graph.operatorTypes == ["Conv"])
        #expect(model.graph.initializers.count == 2)
    }

    @Test(arguments: [
        [Attribute("pads", [0, 1, 0, 0])], [Attribute("auto_pad", "SAME_UPPER")],
    ])
    func aShiftStaysBesideZeros(_ attributes: [Attribute]) throws {
        var builder = try builder([nil, 6, 5, 5])
        try builder.constant("w", .random([12, 6, 3, 3], seed: 2))
        try builder.node("BatchNormalization", ["x"] + Self.batchNorm, ["s"])
        try builder.node("Conv", ["s", "w"], ["y"], attributes)
        try builder.output("y")
        #expect(try simplified(builder.model).model.graph.operatorTypes == ["BatchNormalization", "Conv"])
    }

    @Test func aShiftStaysBeforeATransposedConvolution() throws {
        var builder = try builder([nil, 6, 5, 5])
        try builder.constant("w", .random([6, 4, 3, 3], seed: 2))
        try builder.node("BatchNormalization", ["x"] + Self.batchNorm, ["s"])
        try builder.node("ConvTranspose", ["s", "w"], ["y"])
        try builder.output("y")
        #expect(try simplified(builder.model).model.graph.operatorTypes == ["BatchNormalization", "ConvTranspose"])
    }

    @Test(arguments: [0, 1])
    func scalesAndShiftsGoIntoMatrixProducts(_ transB: Int) throws {
        var builder = try builder([nil, 6])
        try builder.constant("w", .random(transB == 1 ? [4, 6] : [6, 4], seed: 2))
        try builder.node("BatchNormalization", ["x"] + Self.batchNorm, ["s"])
        try builder.node("Gemm", ["s", "w"], ["y"], [Attribute("transB", transB)])
        try builder.output("y")
        #expect(try simplified(builder.model, within: 1e-5).model.graph.operatorTypes == ["Gemm"])
    }

    @Test func aProductWithoutBiasTakesScalesAlone() throws {
        for (type, left) in [("Mul", 1), ("Add", 2)] {
            var builder = try builder([nil, 3, 6])
            try builder.constant("row", .random([6], seed: 4))
            try builder.constant("w", .random([6, 4], seed: 2))
            try builder.node(type, ["x", "row"], ["s"])
            try builder.node("MatMul", ["s", "w"], ["y"])
            try builder.output("y")
            #expect(try simplified(builder.model, within: 1e-5).model.graph.nodeCount == left)
        }
    }

    @Test func otherUsersKeepTheScale() throws {
        // The scaled value is an output, has a second user, or the weight has one.
        for variant in 0..<3 {
            var builder = try builder([nil, 6, 5, 5])
            try builder.constant("w", .random([6, 6, 1, 1], seed: 2))
            try builder.node("Mul", ["x", "factor"], ["s"])
            try builder.node("Conv", ["s", "w"], ["y"])
            try builder.output("y")
            switch variant {
            case 0: try builder.output("s")
            case 1:
                try builder.node("Relu", ["s"], ["z"])
                try builder.output("z")
            default:
                try builder.node("Conv", ["x", "w"], ["z"])
                try builder.output("z")
            }
            #expect(try simplified(builder.model).model.graph.operatorTypes.prefix(2) == ["Mul", "Conv"])
        }
    }

    @Test func numbersAlongOtherAxesStay() throws {
        var builder = try builder([2, 6, 5, 5])
        try builder.constant("row", .random([5], seed: 4))
        try builder.constant("w", .random([6, 6, 1, 1], seed: 2))
        try builder.node("Mul", ["x", "row"], ["s"])
        try builder.node("Conv", ["s", "w"], ["y"])
        try builder.output("y")
        #expect(try simplified(builder.model).model.graph.operatorTypes == ["Mul", "Conv"])
    }
}
