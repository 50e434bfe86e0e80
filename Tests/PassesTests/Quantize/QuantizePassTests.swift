import GraphIR
import ONNXFormat
import Operators
import TestSupport
import Tensors
import Testing

@testable import Passes

@Suite struct WeightOnlyTests: QuantizationSuite {
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

@Suite struct StaticQuantizationTests: QuantizationSuite {
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

@Suite struct RoundingTests: QuantizationSuite {
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
