import GraphIR
import TestSupport
import Tensors
import Testing

@testable import Passes

/// Networks, images and figures that tests of quantisation share.
protocol QuantizationSuite {}

extension QuantizationSuite {
    /// x → Conv(3×3) → Relu → depthwise Conv → Clip(0, 6) → Conv(1×1) → Add(with the Relu's output) → Flatten → Gemm → y
    func network(opset: Int = 17, seed: UInt64 = 1, spread: Bool = false) throws -> Model {
        var graph = Graph(name: "net")
        var generator = SeededGenerator(seed: seed)
        func add(_ name: String, _ shape: [Int], _ size: Double) throws {
            let count = shape.reduce(1, *)
            let perChannel = count / shape[0]
            let values = (0..<count).map { index -> Float in
                // Channels of very unlike ranges.
                let factor = spread && name == "w1" ? Double(1 << (index / perChannel * 2)) / 16 : 1
                return Float((generator.uniform() - 0.5) * size * factor)
            }
            try graph.addInitializer(Constant(name: name, TensorData(values, shape: shape)))
        }
        try graph.addInput("x", type: .tensor(TensorType(.float32, [.symbol("N"), 3, 6, 6])))
        try add("w1", [4, 3, 3, 3], 1)
        try add("b1", [4], 0.5)
        try add("w2", [4, 1, 3, 3], 1)
        try add("w3", [4, 4, 1, 1], 1)
        try add("b3", [4], 1)
        try add("w4", [5, 144], 0.4)
        try add("b4", [5], 1)
        func node(_ type: String, _ inputs: [String], _ output: String, _ attributes: [Attribute] = []) throws {
            try graph.addNode(
                Node(
                    type,
                    name: output,
                    inputs: inputs.map { graph.internValue($0) },
                    outputs: [graph.internValue(output)],
                    attributes: attributes
                )
            )
        }
        let pads = Attribute("pads", [1, 1, 1, 1])
        try node("Conv", ["x", "w1", "b1"], "c1", [pads])
        try node("Relu", ["c1"], "r1")
        try node("Conv", ["r1", "w2"], "c2", [pads, Attribute("group", 4)])
        if opset < 11 {
            try node("Clip", ["c2"], "r2", [Attribute("min", Float(0)), Attribute("max", Float(6))])
        } else {
            try graph.addInitializer(Constant(name: "low", TensorData([Float(0)], shape: [])))
            try graph.addInitializer(Constant(name: "high", TensorData([Float(6)], shape: [])))
            try node("Clip", ["c2", "low", "high"], "r2")
        }
        try node("Conv", ["r2", "w3", "b3"], "c3")
        try node("Add", ["c3", "r1"], "a3")
        try node("Flatten", ["a3"], "f3")
        try graph.addOutput("y", type: nil)
        try node("Gemm", ["f3", "w4", "b4"], "y", [Attribute("transB", 1)])
        var model = Model(graph: graph)
        model.irVersion = 7
        model.setOpset(opset)
        try model.graph.verify()
        return model
    }

    /// x → Conv(3×3) → Relu → Conv(1×1) → y, with channels of very unlike ranges between them.
    func chain() throws -> Model {
        var graph = Graph(name: "chain")
        var generator = SeededGenerator(seed: 2)
        try graph.addInput("x", type: .tensor(TensorType(.float32, [.symbol("N"), 3, 6, 6])))
        let first = (0..<108).map { Float((generator.uniform() - 0.5) * [0.01, 0.1, 1, 10][$0 / 27]) }
        let second = (0..<20).map { Float((generator.uniform() - 0.5) * [100, 10, 1, 0.1][$0 % 4]) }
        try graph.addInitializer(Constant(name: "w1", TensorData(first, shape: [4, 3, 3, 3])))
        try graph.addInitializer(Constant(name: "w2", TensorData(second, shape: [5, 4, 1, 1])))
        let (x, w1, w2) = (graph.internValue("x"), graph.internValue("w1"), graph.internValue("w2"))
        let (c, r) = (graph.internValue("c"), graph.internValue("r"))
        try graph.addNode(Node("Conv", inputs: [x, w1], outputs: [c]))
        try graph.addNode(Node("Relu", inputs: [c], outputs: [r]))
        try graph.addOutput("y", type: nil)
        try graph.addNode(Node("Conv", inputs: [r, w2], outputs: [graph.internValue("y")]))
        var model = Model(graph: graph)
        model.setOpset(13)
        return model
    }

    var images: SeededSamples {
        SeededSamples(count: 40, inputs: [.init(elementType: .float32, shape: [3, 6, 6])], seed: 5)
    }

    func context(threads: Int = 2, data: Bool = true) -> PassContext {
        PassContext(calibration: data ? images : nil, threads: threads)
    }

    func pass(_ arguments: [String: String] = [:]) throws -> QuantizePass {
        try QuantizePass(PassArguments(passName: "quant", arguments))
    }

    func count(_ type: String, _ model: Model) -> Int {
        Array(model.graph.nodeIDs).count { model.graph[$0].operatorType == type }
    }

    func noise(_ model: Model, _ candidate: Model) throws -> Double {
        try Validation.measure(
            reference: model,
            candidate: candidate,
            samples: SeededSamples(count: 30, inputs: [.init(elementType: .float32, shape: [3, 6, 6])], seed: 77),
            threads: 2,
            isClassifier: false
        ).snrDB
    }
}
