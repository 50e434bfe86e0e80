import GraphIR
import ONNXFormat
import TestSupport
import Tensors
import Testing

@testable import Passes

/// Layers that could be split but for one thing, which the report names.
@Suite struct LowRankRefusalTests {
    private static let layer = FactoredLayer.all[0]

    private static func weight() throws -> TensorData {
        try layer.laidOut(ReflectedMatrix.make([3, 2, 1], rows: layer.outputs, columns: layer.inputs))
    }

    private static func expectUntouched(_ model: Model, _ note: String) throws {
        var after = model
        let report = try lowRank(&after, ["energy": "0.5"])
        let notes = report.layers.map { $0.note ?? $0.change ?? "" }
        #expect(!notes.isEmpty && notes.allSatisfy { $0.contains(note) }, "\(notes)")
        #expect(try ONNXWriter.bytes(of: after) == ONNXWriter.bytes(of: model))
    }

    /// A convolution whose weight comes from elsewhere.
    private static func model(_ build: (inout ModelBuilder) throws -> Void) throws -> Model {
        var builder = ModelBuilder()
        try builder.input("x", layer.data)
        try build(&builder)
        try builder.output("y")
        return builder.model
    }

    @Test(arguments: [(2, 32, 8), (16, 16, 1)])
    func groups(_ groups: Int, _ outputs: Int, _ perGroup: Int) throws {
        let model = try Self.model { b in
            try b.constant("w", TensorData.random([outputs, perGroup, 5, 5], seed: 1))
            try b.node("Conv", ["x", "w"], ["y"], [Attribute("group", groups)])
        }
        try Self.expectUntouched(model, "its channels are in \(groups) groups")
    }

    @Test func sharedWeights() throws {
        let model = try Self.model { b in
            try b.constant("w", Self.weight())
            try b.node("Conv", ["x", "w"], ["a"])
            try b.node("Conv", ["x", "w"], ["c"])
            try b.node("Add", ["a", "c"], ["y"])
        }
        try Self.expectUntouched(model, "its weight has 2 users")
    }

    @Test(arguments: [Float.nan, .infinity, -.infinity])
    func numbersThatAreNotFinite(_ number: Float) throws {
        var elements = try Self.weight().array(of: Float.self)
        elements[17] = number
        let weight = try TensorData(elements, shape: Self.layer.weight)
        try Self.expectUntouched(Self.layer.model(weight: weight), "not finite")
    }

    @Test func energyBeyondDoubles() throws {
        let layer = try #require(FactoredLayer.all.first { $0.element == .float64 })
        let weight = try TensorData([Double](repeating: 1e200, count: 40 * 32), shape: layer.weight)
        try Self.expectUntouched(layer.model(weight: weight), "could not be computed")
    }

    @Test func zeros() throws {
        let weight = try TensorData(zeros: .float32, shape: Self.layer.weight)
        try Self.expectUntouched(Self.layer.model(weight: weight), "its weight is zero")
    }

    @Test func weightsThatAreInputs() throws {
        let model = try Self.model { b in
            try b.input("w", [24, 16, 3, 3])
            try b.node("Conv", ["x", "w"], ["y"])
        }
        try Self.expectUntouched(model, "its weight is an input")
    }

    @Test func weightsThatAreInputsAsWell() throws {
        var model = try Self.layer.model(weight: Self.weight())
        try model.graph.addInput("w", type: .tensor(TensorType(.float32, Shape(sizes: Self.layer.weight))))
        try Self.expectUntouched(model, "its weight is a graph input as well")
        _ = try SimplifyPass().run(&model, PassContext())
        #expect(try lowRank(&model, ["energy": "1"]).layers.first?.change != nil)
    }

    @Test func weightsThatAreOutputs() throws {
        var model = try Self.layer.model(weight: Self.weight())
        try model.graph.addOutput("w", type: nil)
        try Self.expectUntouched(model, "its weight is a graph output")
    }

    @Test func computedWeights() throws {
        let model = try Self.model { b in
            try b.constant("v", Self.weight())
            try b.node("Abs", ["v"], ["w"])
            try b.node("Conv", ["x", "w"], ["y"])
        }
        try Self.expectUntouched(model, "its weight is computed")
    }

    @Test func quantisedWeights() throws {
        let model = try Self.model { b in
            try b.constant("q", TensorData([Int8](repeating: 3, count: 24 * 144), shape: Self.layer.weight))
            try b.constant("s", TensorData([Float(0.1)], shape: []))
            try b.node("DequantizeLinear", ["q", "s"], ["w"])
            try b.node("Conv", ["x", "w"], ["y"])
        }
        try Self.expectUntouched(model, "quantised numbers; lowrank comes before quant")
    }

    @Test func stacksOfMatrices() throws {
        let model = try Self.model { b in
            try b.constant("w", TensorData.random([16, 11, 64], seed: 1))
            try b.node("MatMul", ["x", "w"], ["y"])
        }
        try Self.expectUntouched(model, "not one product with a stored matrix")
    }

    @Test func scaledProducts() throws {
        var layer = try #require(FactoredLayer.all.first { $0.name == "Gemm" })
        layer.attributes = [Attribute("alpha", Float(0.5))]
        try Self.expectUntouched(layer.model([3, 2, 1]), "not one product with a stored matrix")
    }

    @Test func oneOutputChannel() throws {
        let layer = FactoredLayer(name: "", type: "MatMul", data: [1, 900], weight: [900, 1], outputAxis: 1)
        try Self.expectUntouched(layer.model([1]), "a weight of 1 × 900 gets smaller at no rank")
    }

    @Test func emptyWeights() throws {
        let layer = FactoredLayer(name: "", type: "MatMul", data: [1, 4], weight: [4, 0], outputAxis: 1)
        try Self.expectUntouched(
            layer.model(weight: TensorData(zeros: .float32, shape: [4, 0])),
            "its weight is empty"
        )
    }

    /// A weight that a subgraph uses by name stays for it.
    @Test func weightsThatASubgraphUses() throws {
        var inner = Graph(name: "then")
        let value = inner.internValue("w")
        let copy = inner.internValue("copy")
        try inner.addNode(Node("Identity", name: "copied", inputs: [value], outputs: [copy]))
        try inner.addOutput("copy", type: nil)
        let model = try Self.model { b in
            try b.constant("w", Self.weight())
            try b.constant("yes", TensorData(doubles: [1], as: .bool, shape: []))
            try b.node("Conv", ["x", "w"], ["y"])
            try b.node(
                "If",
                ["yes"],
                ["unused"],
                [Attribute("then_branch", .graph(inner)), Attribute("else_branch", .graph(inner))]
            )
        }
        try Self.expectUntouched(model, "its weight has 2 users")
    }
}
