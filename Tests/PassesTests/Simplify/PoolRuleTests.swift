import GraphIR
import Passes
import TestSupport
import Tensors
import Testing

/// Padding before pools, and pools over everything.
@Suite struct PoolRuleTests {
    private func padded(
        _ pool: String,
        _ attributes: [Attribute],
        value: Float,
        pads: [Int] = [0, 0, 1, 0, 0, 0, 0, 1],
        rectifier: Bool = false,
        outputs: [String] = ["y"]
    ) throws -> Model {
        var builder = ModelBuilder()
        try builder.input("x", [nil, 2, 6, 7])
        try builder.constant("pads", .integers(pads))
        try builder.constant("value", TensorData([value], shape: []))
        if rectifier { try builder.node("Relu", ["x"], ["r"]) }
        try builder.node("Pad", [rectifier ? "r" : "x", "pads", "value"], ["p"])
        try builder.node(pool, ["p"], ["y"], [Attribute("kernel_shape", [2, 3])] + attributes)
        for name in outputs { try builder.output(name) }
        return builder.model
    }

    @Test func zerosGoIntoAnAverage() throws {
        for attributes in [[], [Attribute("pads", [0, 1, 0, 0]), Attribute("count_include_pad", 1)]] {
            let model = try simplified(padded("AveragePool", attributes, value: 0), within: 1e-6).model
            #expect(model.graph.operatorTypes == ["AveragePool"])
        }
    }

    @Test func zerosStayBeforeOtherAverages() throws {
        for (attributes, value) in [
            ([Attribute("pads", [0, 1, 0, 0])], 0), ([Attribute("ceil_mode", 1)], 0),
            ([Attribute("auto_pad", "SAME_UPPER")], 0), ([], Float(1)),
        ] {
            let model = try simplified(padded("AveragePool", attributes, value: value)).model
            #expect(model.graph.operatorTypes == ["Pad", "AveragePool"])
        }
        let wide = try padded("AveragePool", [], value: 0, pads: [0, 0, 2, 0, 0, 0, 0, 0])
        #expect(try simplified(wide).model.graph.operatorTypes == ["Pad", "AveragePool"])
    }

    @Test func whatIsNeverLargestGoesIntoAMaximum() throws {
        let model = try simplified(padded("MaxPool", [Attribute("strides", [2, 2])], value: -.infinity)).model
        #expect(model.graph.operatorTypes == ["MaxPool"])
        let rectified = try simplified(padded("MaxPool", [], value: 0, rectifier: true)).model
        #expect(rectified.graph.operatorTypes == ["Relu", "MaxPool"])
    }

    @Test func whatMayBeLargestStays() throws {
        #expect(try simplified(padded("MaxPool", [], value: 0)).model.graph.operatorTypes == ["Pad", "MaxPool"])
        let ones = try simplified(padded("MaxPool", [], value: 1, rectifier: true)).model
        #expect(ones.graph.operatorTypes == ["Relu", "Pad", "MaxPool"])
        let dilated = try padded("MaxPool", [Attribute("dilations", [2, 1])], value: -.infinity)
        #expect(try simplified(dilated).model.graph.operatorTypes == ["Pad", "MaxPool"])
        let shown = try padded("AveragePool", [], value: 0, outputs: ["p", "y"])
        #expect(try simplified(shown).model.graph.operatorTypes == ["Pad", "AveragePool"])
    }

    @Test(arguments: [13, 17, 18])
    func aMeanOverAllSpatialAxesIsAGlobalAverage(_ opset: Int) throws {
        var builder = ModelBuilder(opset: opset)
        try builder.input("x", [nil, 3, nil, 5])
        try builder.constant("axes", .integers([-1, 2]))
        let attributes = opset < 18 ? [Attribute("axes", [2, 3])] : []
        try builder.node("ReduceMean", ["x"] + (opset < 18 ? [] : ["axes"]), ["y"], attributes)
        try builder.output("y")
        #expect(try simplified(builder.model, within: 1e-6).model.graph.operatorTypes == ["GlobalAveragePool"])
    }

    @Test(arguments: [
        [Attribute("axes", [2, 3]), Attribute("keepdims", 0)], [Attribute("axes", [1, 2])], [Attribute("axes", [3])],
        [],
    ])
    func otherMeansStay(_ attributes: [Attribute]) throws {
        var builder = ModelBuilder()
        try builder.input("x", [nil, 3, 4, 5])
        try builder.node("ReduceMean", ["x"], ["y"], attributes)
        try builder.output("y")
        #expect(try simplified(builder.model).model.graph.operatorTypes == ["ReduceMean"])
    }

    @Test func aWindowOverEverythingIsAGlobalAverage() throws {
        for (kernel, extra, type) in [
            ([4, 5], [], "GlobalAveragePool"), ([4, 5], [Attribute("strides", [2, 3])], "GlobalAveragePool"),
            ([4, 4], [], "AveragePool"), ([4, 5], [Attribute("pads", [0, 1, 0, 0])], "AveragePool"),
        ] {
            var builder = ModelBuilder()
            try builder.input("x", [nil, 3, 4, 5])
            try builder.node("AveragePool", ["x"], ["y"], [Attribute("kernel_shape", kernel)] + extra)
            try builder.output("y")
            #expect(try simplified(builder.model, within: 1e-6).model.graph.operatorTypes == [type])
        }
    }
}
