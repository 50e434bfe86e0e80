import Datasets
import GraphIR
import ONNXFormat
import Operators
import TestSupport
import Tensors
import Testing

@testable import Passes

private func pass(_ arguments: [String: String]) throws -> PrunePass {
    try PrunePass(PassArguments(passName: "prune", arguments))
}

/// Seeded samples that resemble each other along a few directions, so that channels can stand in for each other.
private func samples(_ count: Int, _ shape: [Int] = [3, 6, 6]) throws -> PreparedSamples {
    var generator = SeededGenerator(seed: 7)
    let size = shape.reduce(1, *)
    let directions = (0..<6).map { _ in (0..<size).map { _ in Float(generator.normal()) } }
    var values: [Float] = []
    for _ in 0..<count {
        let weights = directions.map { _ in Float(generator.normal()) }
        for i in 0..<size { values.append(zip(weights, directions).reduce(0) { $0 + $1.0 * $1.1[i] }) }
    }
    return PreparedSamples(try TensorData(values, shape: [count] + shape))
}

private func macs(_ model: Model) throws -> Int {
    try MACModel(model.graph, GraphFacts(model), []).total
}

@Suite struct PrunePassTests {
    @Test(
        arguments: [CoupledNetwork.residual, .concatenation, .depthwise, .squeezeExcite, .slicedPaddedShortcut],
        [0.2, 0.5]
    )
    func theWorkThatIsGoneIsCountedExactly(_ network: CoupledNetwork, _ ratio: Double) throws {
        let before = try network.model()
        var after = before
        let report = try pass(["ratio": "\(ratio)"]).run(&after, PassContext(calibration: samples(8)))
        try after.graph.verify()
        let gone = 1 - Double(try macs(after)) / Double(try macs(before))
        #expect(report.summary.hasPrefix(percent(gone)))
        // One channel of these small networks is up to an eighth of the work.
        #expect(abs(gone - ratio) < 0.13)
        #expect(try largestDifference(before, after, seed: 1) > 0)
    }

    @Test func layersKeepWhatCapAndRoundSay() throws {
        var b = NetworkBuilder()
        let x = try b.input("x", [1, 3, 6, 6])
        let y = try b.relu(b.conv(x, 3, 130, kernel: 1))
        var model = try b.model(output: b.conv(b.relu(b.conv(y, 130, 10, kernel: 1)), 10, 3, kernel: 1))
        _ = try pass(["ratio": "0.95", "cap": "0.5", "restore": "none", "criterion": "l1"]).run(&model, PassContext())
        let facts = try GraphFacts(model)
        let widths = try ChannelGroups(model, facts).layers.map { facts.type($0.output).sizes?[1] }
        // 130 is large: a multiple of 8, and at least half of it.
        #expect(widths == [72, 5, 3])
    }

    @Test func theSmallestWeightsGoFirst() throws {
        var b = NetworkBuilder()
        let x = try b.input("x", [1, 3, 6, 6])
        let y = try b.relu(b.conv(x, 3, 8))
        var model = try b.model(output: b.conv(y, 8, 4))
        let weight = try #require(model.graph.value(named: "w1"))
        var tensor = try #require(model.graph.constant(weight))
        try tensor.withMutableElements(Float.self) { (values) throws(CNNOptError) in
            for i in values.indices where [2, 5].contains(i / 27) { values[i] *= 0.01 }
        }
        var patch = Patch(model.graph, author: "test")
        patch.setConstant(weight, tensor)
        try model.graph.apply(patch)
        var pruned = model
        _ = try pass(["ratio": "0.25", "criterion": "l2", "restore": "none"]).run(&pruned, PassContext())
        let left = try #require(pruned.graph.constant(weight))
        let kept = try tensor.selecting([0: [0, 1, 3, 4, 6, 7]])
        #expect(left.isIdentical(to: kept))
    }

    @Test func fittingComesNearerToTheOriginal() throws {
        let before = try CoupledNetwork.residual.model()
        let data = try samples(64)
        func error(_ arguments: [String: String]) throws -> Double {
            var after = before
            _ = try pass(arguments).run(&after, PassContext(calibration: data))
            return try Validation.measure(
                reference: before,
                candidate: after,
                samples: data,
                threads: 1,
                isClassifier: false
            ).snrDB
        }
        let plain = try error(["ratio": "0.4", "criterion": "l2", "restore": "none"])
        let fitted = try error(["ratio": "0.4", "criterion": "l2"])
        let chosen = try error(["ratio": "0.4"])
        #expect(fitted > plain + 3)
        #expect(chosen > fitted + 1)
    }

    @Test func theSameBytesForEveryThreadCount() throws {
        let before = try CoupledNetwork.concatenation.model()
        let results = try [1, 2, 3].map { threads in
            var after = before
            _ = try pass(["ratio": "0.4"]).run(&after, PassContext(calibration: samples(16), seed: 3, threads: threads))
            return try ONNXWriter.bytes(of: after)
        }
        #expect(results[0] == results[1] && results[1] == results[2])
    }

    @Test func withoutARatioTheGateDecides() throws {
        let before = try CoupledNetwork.residual.model()
        let data = try samples(32)
        for limit in [30.0, 10.0] {
            let gate = AccuracyGate(.signalToNoise(limit), reference: before, samples: data, threads: 1)
            var after = before
            let report = try pass([:]).run(&after, PassContext(calibration: data, gate: gate))
            #expect(try gate.judge(after).holds)
            #expect((report.notes + [report.summary]).contains { $0.contains("at least \(limit) dB") })
        }
    }

    @Test func neitherRatioNorGateIsAUsageError() throws {
        var model = try CoupledNetwork.chain.model()
        let error = #expect(throws: CNNOptError.self) {
            try pass([:]).run(&model, PassContext(calibration: samples(4)))
        }
        #expect(error?.code == .usage)
    }

    @Test func whatCannotShrinkIsLeftWithTheReason() throws {
        var b = NetworkBuilder()
        let x = try b.input("x", [2, 3, 6, 6])
        var model = try b.model(output: b.conv(x, 3, 8))
        let before = try ONNXWriter.bytes(of: model)
        let report = try pass(["ratio": "0.5"]).run(&model, PassContext())
        #expect(try ONNXWriter.bytes(of: model) == before)
        #expect(report.layers.first?.note?.contains("graph output") == true)
    }
}

@Suite struct PruningBarTests {
    /// Top-1 on the first 1,000 test images.
    private func top1(_ learning: Int?) throws -> Double {
        func images(_ split: String, _ count: Int) throws -> TensorData {
            let path = try #require(SharedMaterial.path("data/cifar10/\(split)/images.npy"))
            let pixels = try NPY.read(path).doubles().prefix(count * 3_072)
            let (mean, deviation) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
            let values = pixels.enumerated().map { index, pixel in
                let channel = index / 1_024 % 3
                return Float((pixel / 255 - mean[channel]) / deviation[channel])
            }
            return try TensorData(values, shape: [count, 3, 32, 32])
        }
        let source = try #require(SharedMaterial.path("models/cifar10-resnet20.onnx"))
        var model = try ONNXReader.read(path: source)
        let original = model
        var context = PassContext(threads: 2)
        if let learning { context.calibration = PreparedSamples(try images("train", learning)) }
        _ = try SimplifyPass(PassArguments()).run(&model, context)
        _ = try pass(["ratio": "0.3"]).run(&model, context)
        let path = try #require(SharedMaterial.path("data/cifar10/test/labels.npy"))
        let read = try NPY.read(path).integers()
        let labels = try #require(read)
        let validation = try Validation.measure(
            reference: original,
            candidate: model,
            samples: PreparedSamples(try images("test", 1_000), labels: Array(labels.prefix(1_000))),
            threads: 2
        )
        return try #require(validation.candidate?.top1)
    }

    @Test(.enabled(if: SharedMaterial.isPresent, "needs ../shared"))
    func withoutDataTheNetworkStaysAlive() throws { #expect(try top1(nil) >= 67.8) }

    @Test(.enabled(if: SharedMaterial.isPresent, "needs ../shared"))
    func withImagesItLosesLittle() throws { #expect(try top1(1_024) >= 87) }
}
