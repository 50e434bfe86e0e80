import Execution
import GraphIR
import ONNXFormat
import Operators
import TestSupport
import Tensors
import Testing

@testable import Passes

/// x → Conv(3×3) → Relu → depthwise Conv → Clip(0, 6) → Conv(1×1) → Add(with the Relu's output) → Flatten → Gemm → y
private func network(opset: Int = 17, seed: UInt64 = 1, spread: Bool = false) throws -> Model {
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
private func chain() throws -> Model {
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

private let images = SeededSamples(count: 40, inputs: [.init(elementType: .float32, shape: [3, 6, 6])], seed: 5)

private func context(threads: Int = 2, data: Bool = true) -> PassContext {
    PassContext(calibration: data ? images : nil, threads: threads)
}

private func pass(_ arguments: [String: String] = [:]) throws -> QuantizePass {
    try QuantizePass(PassArguments(passName: "quant", arguments))
}

private func count(_ type: String, _ model: Model) -> Int {
    Array(model.graph.nodeIDs).count { model.graph[$0].operatorType == type }
}

private func noise(_ model: Model, _ candidate: Model) throws -> Double {
    try Validation.measure(
        reference: model,
        candidate: candidate,
        samples: SeededSamples(count: 30, inputs: [.init(elementType: .float32, shape: [3, 6, 6])], seed: 77),
        threads: 2,
        isClassifier: false
    ).snrDB
}

@Suite struct WeightOnlyTests {
    @Test func integersTakeTheWeightsPlaces() throws {
        let model = try network()
        var candidate = model
        let report = try pass().run(&candidate, context(data: false))
        // The depthwise weight has 9 numbers to a scale, and the 1 × 1 one 16 in all: not worth a node.
        #expect(count("DequantizeLinear", candidate) == 2 && count("QuantizeLinear", candidate) == 0)
        #expect(report.layers.filter { $0.change != nil }.count == 2)
        #expect(report.layers.filter { $0.note != nil }.count == 2)
        let constants = candidate.graph.initializers.compactMap { candidate.graph.constant($0) }
        let integers = Set(constants.filter { $0.elementType == .int8 }.map(\.shape))
        let wanted: Set<[Int]> = [[4, 3, 3, 3], [5, 144], [5]]
        #expect(integers == wanted)
        #expect(try noise(model, candidate) > 35)
    }

    @Test func eachChannelKeepsItsOwnScale() throws {
        let model = try network(spread: true)
        var channel = model
        var tensor = model
        _ = try pass().run(&channel, context(data: false))
        _ = try pass(["weights": "tensor"]).run(&tensor, context(data: false))
        #expect(try noise(model, channel) > noise(model, tensor) + 3)
    }

    @Test func askingForNoActivationsNeedsNoData() throws {
        var candidate = try network()
        _ = try pass(["activations": "none"]).run(&candidate, context())
        #expect(count("QuantizeLinear", candidate) == 0)
    }
}

@Suite struct StaticQuantizationTests {
    @Test(arguments: ["auto", "minmax", "percentile", "mse"])
    func outputsStayClose(_ method: String) throws {
        let model = try network()
        var candidate = model
        _ = try pass(["activations": method]).run(&candidate, context())
        let found = try noise(model, candidate)
        #expect(found > 28)
    }

    @Test func pairsStandWhereIntegerKernelsWantThem() throws {
        var model = try network()
        let report = try pass().run(&model, context())
        let graph = model.graph
        // x, both rectified tensors, the third convolution, the sum and its flattened form.
        #expect(count("QuantizeLinear", model) == 6)
        for id in graph.nodeIDs where graph[id].operatorType == "QuantizeLinear" {
            let source = try #require(graph[id].inputs[0])
            // Nothing comes between a layer and its rectifier, and the output stays float.
            let name = graph[source].name
            #expect(["x", "r1", "r2", "c3", "a3", "f3"].contains(name), "\(name)")
        }
        #expect(graph.value(named: "y").map { graph[$0].isGraphOutput } == true)
        // Flatten moves numbers: the same scale before and after.
        var scales: [ValueID] = []
        for name in ["a3", "f3"] {
            let value = try #require(graph.value(named: name))
            let use = try #require(graph[value].uses.first)
            scales.append(try #require(graph[use.node].inputs[1]))
        }
        #expect(scales[0] == scales[1])
        #expect(report.layers.filter { $0.change != nil }.count == 4)
        // Every layer reads integers through DequantizeLinear alone, the bias as 32 bits in steps of both scales.
        let gemm = try #require(graph.nodeIDs.first { graph[$0].operatorType == "Gemm" })
        var parts: [(TensorData, TensorData)] = []
        for input in graph[gemm].inputs.dropFirst() {
            let producer = try #require(input.flatMap { graph[$0].producer?.node })
            #expect(graph[producer].operatorType == "DequantizeLinear")
            parts.append(
                (
                    try #require(graph.constant(graph[producer].inputs[0])),
                    try #require(graph.constant(graph[producer].inputs[1]))
                )
            )
        }
        #expect(parts.map(\.0.elementType) == [.int8, .int32])
        let stored = try #require(graph.constant(scales[0]))
        let inputScale = try #require(try stored.array(of: Float.self).first)
        let expected = try parts[0].1.array(of: Float.self).map { $0 * inputScale }
        #expect(try parts[1].1.array(of: Float.self) == expected)
    }

    @Test func weightsKeepThePairBoundUnlessAskedOtherwise() throws {
        for (range, isHeld) in [("safe", true), ("full", false)] {
            var model = try network()
            let report = try pass(["range": range, "equalize": "false"]).run(&model, context())
            #expect(report.layers.contains { $0.note?.contains("saturate") == true } != isHeld)
            let graph = model.graph
            for id in graph.initializers {
                guard let codes = graph.constant(id), codes.elementType == .int8, codes.shape == [5, 144] else {
                    continue
                }
                let values = try codes.array(of: Int8.self).map { abs(Int($0)) }
                var worst = 0
                for index in 1..<values.count where index % 144 != 0 {
                    worst = max(worst, values[index] + values[index - 1])
                }
                #expect((worst <= 128) == isHeld)
            }
        }
    }

    @Test func theSameBytesWhateverTheThreads() throws {
        var bytes: [[UInt8]] = []
        for threads in [1, 2, 3] {
            var model = try network()
            _ = try pass().run(&model, context(threads: threads))
            bytes.append(try ONNXWriter.bytes(of: model))
        }
        #expect(bytes[0] == bytes[1] && bytes[1] == bytes[2])
    }

    @Test(arguments: [true, false])
    func oldModelsAreBroughtToALaterOperatorSetFirst(_ data: Bool) throws {
        let model = try network(opset: 10)
        var candidate = model
        let report = try pass().run(&candidate, context(data: data))
        #expect(candidate.opset() == 13)
        #expect(report.notes.contains { $0.contains("from operator set 10 to 13") })
        let found = try noise(model, candidate)
        #expect(found > 28)
    }

    @Test func aQuantizedModelComesBackAsItWas() throws {
        var once = try network()
        _ = try pass().run(&once, context())
        var twice = once
        let report = try pass().run(&twice, context())
        #expect(report.summary.contains("already"))
        #expect(try ONNXWriter.bytes(of: once) == ONNXWriter.bytes(of: twice))
    }

    @Test func biasesAreCorrected() throws {
        // Coarse weights shift the means of the outputs; corrected, the first layer's means are the float ones.
        let model = try network(spread: true)
        var corrected = model
        var plain = model
        let report = try pass(["weights": "tensor", "equalize": "false"]).run(&corrected, context())
        _ = try pass(["weights": "tensor", "equalize": "false", "correct": "false"]).run(&plain, context())
        #expect(report.layers.allSatisfy { $0.change?.contains("bias corrected") == true })
        let (better, worse) = (try noise(model, corrected), try noise(model, plain))
        #expect(better > worse)
    }

    @Test func modelsWithoutLayersStayAsTheyAre() throws {
        var model = try singleNodeModel("Relu", inputs: [try TensorData([Float(1)])])
        let before = try ONNXWriter.bytes(of: model)
        let report = try pass().run(&model, context(data: false))
        #expect(report.summary.contains("unchanged"))
        #expect(try ONNXWriter.bytes(of: model) == before)
    }

    @Test(
        arguments: ["bits": "4", "weights": "row", "activations": "kl", "range": "half", "format": "qoperator"].map {
            ($0, $1)
        }
    )
    func argumentsAreChecked(_ name: String, _ value: String) {
        let error = #expect(throws: CNNOptError.self) { try pass([name: value]) }
        #expect(error?.exitStatus == 64)
    }
}

@Suite struct ChannelEqualizationTests {
    private func equalized(_ model: Model, _ scale: (Int, EqualizationPair) -> Double) throws -> (Model, places: Int) {
        var candidate = model
        var facts = try GraphFacts(model)
        var survey = try QuantizationSurvey(model, facts)
        var places = 0
        for id in survey.order {
            guard let layer = survey.layers[id],
                let pair = try EqualizationPair(layer, survey, candidate.graph, facts)
            else { continue }
            let scales = (0..<layer.channelCount).map { scale($0, pair) }
            var patch = Patch(candidate.graph, author: "test")
            try ChannelEqualization.apply(scales, to: pair, candidate.graph, &patch)
            try candidate.graph.apply(patch)
            facts = try GraphFacts(candidate)
            survey = try QuantizationSurvey(candidate, facts)
            places += 1
        }
        return (candidate, places)
    }

    @Test func theNetworkComputesTheSame() throws {
        let model = try chain()
        let (candidate, places) = try equalized(model) { channel, pair in
            #expect(pair.bound == nil)
            return 1 + Double(channel) * 3
        }
        #expect(places == 1)
        #expect(try noise(model, candidate) > 100)
    }

    @Test func clampsAreFoundAndChannelsThatAreAddedToStay() throws {
        // Only the depthwise convolution's channels end in layers alone: the first one's are added to, the third's too.
        let (_, places) = try equalized(try network()) { _, pair in
            #expect(pair.bound == 6)
            return 1
        }
        #expect(places == 1)
    }

    @Test func unlikeRangesCostLessWithIt() throws {
        let model = try chain()
        var (with, without) = (model, model)
        let report = try pass().run(&with, context())
        _ = try pass(["equalize": "false"]).run(&without, context())
        #expect(report.notes.contains { $0.contains("like ranges at 1 ") })
        #expect(try noise(model, with) > noise(model, without) + 6)
    }
}

@Suite struct RoundingTests {
    @Test func nearestLeavesErrorsToAddUp() throws {
        var (nearest, compensated) = (try network(), try network())
        let plain = try pass(["rounding": "nearest"]).run(&nearest, context())
        let report = try pass().run(&compensated, context())
        #expect(!plain.layers.contains { $0.change?.contains("errors cancelled") ?? false })
        // The depthwise convolution stays as it rounds; the matrix product has more inputs than there are rows.
        let refined = report.layers.filter { $0.change?.contains("errors cancelled") ?? false }
        #expect(!refined.isEmpty && refined.count <= 2)
        #expect(refined.allSatisfy { $0.operatorName == "Conv" })
    }
}
