import Dispatch
import Execution
import Foundation
import GraphIR
import ONNXFormat
import Operators
import TestSupport
import Tensors
import Testing

/// Plans made for the shapes that come.
@Suite struct EngineTests {
    /// A small residual network that takes any batch and size.
    private func network() throws -> Model {
        var builder = ModelBuilder()
        try builder.input("x", [nil, 3, nil, nil])
        try builder.constant("w1", .random([16, 3, 3, 3], seed: 1))
        try builder.constant("w2", .random([16, 16, 3, 3], seed: 2))
        try builder.constant("w3", .random([16, 10], seed: 3))
        try builder.node("Conv", ["x", "w1"], ["a"], [Attribute("pads", [1, 1, 1, 1])])
        try builder.node("Relu", ["a"], ["b"])
        try builder.node("Conv", ["b", "w2"], ["c"], [Attribute("pads", [1, 1, 1, 1])])
        try builder.node("Add", ["c", "b"], ["d"])
        try builder.node("GlobalAveragePool", ["d"], ["e"])
        try builder.node("Flatten", ["e"], ["f"])
        try builder.node("MatMul", ["f", "w3"], ["y"])
        try builder.output("y")
        return builder.model
    }

    private func feed(_ model: Model, _ tensor: TensorData) throws -> [ValueID: TensorData] {
        [try #require(model.graph.feeds.first): tensor]
    }

    @Test func shapesMayChangeFromRunToRun() throws {
        let model = try network()
        let engine = try Engine(model, backend: .onednn)
        for shape in [[2, 3, 16, 16], [1, 3, 16, 16], [5, 3, 9, 20], [2, 3, 16, 16], [7, 3, 8, 8], [3, 3, 8, 8]] {
            let feeds = try feed(model, .random(shape, seed: 5))
            let expected = try Engine(model, backend: .reference).run(feeds, threads: 1)
            let results = try engine.run(feeds, threads: 2)
            #expect(try results[0].difference(from: expected[0]) == nil)
        }
    }

    @Test(arguments: [1, 2, 3])
    func theSameRunGivesTheSameBytes(threads: Int) throws {
        let model = try network()
        let feeds = try feed(model, .random([4, 3, 20, 20], seed: 6))
        let first = try Engine(model, backend: .onednn).run(feeds, threads: threads)
        for _ in 0..<3 {
            let again = try Engine(model, backend: .onednn).run(feeds, threads: threads)
            #expect(again[0].isIdentical(to: first[0]))
        }
    }

    @Test func samplesDoNotDependOnTheirBatch() throws {
        let model = try network()
        let engine = try Engine(model, backend: .onednn)
        let batch = try TensorData.random([16, 3, 20, 20], seed: 7)
        let all = try engine.run(feed(model, batch), threads: 2)[0].doubles()
        let numbers = try batch.doubles()
        for sample in [0, 7, 15] {
            let size = 3 * 20 * 20
            let one = try TensorData(
                doubles: Array(numbers[sample * size..<(sample + 1) * size]),
                as: .float32,
                shape: [1, 3, 20, 20]
            )
            let alone = try engine.run(feed(model, one), threads: 2)[0].doubles()
            for (a, b) in zip(alone, all[sample * 10..<(sample + 1) * 10]) {
                #expect(abs(a - b) <= 1e-5 * max(1, abs(b)))
            }
        }
    }

    @Test func runsAtTheSameTimeShareAPlan() throws {
        let model = try network()
        let engine = try Engine(model, backend: .onednn)
        let inputs = try (0..<8).map { try feed(model, .random([2, 3, 12, 12], seed: UInt64($0))) }
        let expected = try inputs.map { try Engine(model, backend: .onednn).run($0, threads: 1)[0] }
        let wrong = Locked(0)
        DispatchQueue.concurrentPerform(iterations: 64) { index in
            let result = try? engine.run(inputs[index % 8], threads: 1)
            if result?.first?.isIdentical(to: expected[index % 8]) != true { wrong.withLock { $0 += 1 } }
        }
        #expect(wrong.withLock { $0 } == 0)
    }

    @Test func valuesInsideAreObserved() throws {
        let model = try network()
        let feeds = try feed(model, .random([2, 3, 12, 12], seed: 1))
        let values = try ["x", "a", "c", "d"].map { try #require(model.graph.value(named: $0)) }
        func observed(_ backend: Backend) throws -> [ValueID: TensorData] {
            var seen: [ValueID: TensorData] = [:]
            _ = try Engine(model, backend: backend).run(feeds, threads: 1, observing: Set(values)) { seen[$0] = $1 }
            return seen
        }
        let (plain, fast) = (try observed(.reference), try observed(.onednn))
        for value in values {
            let (a, b) = (try #require(fast[value]), try #require(plain[value]))
            #expect(a.shape == b.shape)
            #expect(try a.difference(from: b) == nil)
        }
    }

    @Test func shapesThatDependOnDataAreRunByPlainLoops() throws {
        var builder = ModelBuilder()
        try builder.input("x", [4, 3])
        try builder.node("Relu", ["x"], ["a"])
        try builder.node("NonZero", ["a"], ["places"])
        try builder.node("Cast", ["places"], ["numbers"], [Attribute("to", 1)])
        try builder.node("Neg", ["numbers"], ["y"])
        try builder.output("y")
        try builder.output("a")
        _ = try runModel(builder.model, ["x": .random([4, 3], seed: 2)])
    }

    @Test func outputsMayBeInputsConstantsAndEachOther() throws {
        var builder = ModelBuilder()
        try builder.input("x", [2, 3])
        try builder.constant("k", .random([2], seed: 1))
        try builder.node("Identity", ["x"], ["same"])
        try builder.node("Relu", ["x"], ["a"])
        try builder.node("Reshape", ["a", try builder.constant("s", .integers([3, 2]))], ["b"])
        for name in ["same", "k", "a", "b"] { try builder.output(name) }
        _ = try runModel(builder.model, ["x": .random([2, 3], seed: 2)])
    }

    @Test func wrongInputsAreRefusedByName() throws {
        let model = try network()
        let engine = try Engine(model, backend: .onednn)
        let feeds = try feed(model, .random([2, 4, 12, 12], seed: 1))
        let error = #expect(throws: CNNOptError.self) { _ = try engine.run(feeds, threads: 1) }
        #expect(error?.code == .usage)
        let missing = #expect(throws: CNNOptError.self) { _ = try engine.run([:], threads: 1) }
        #expect(missing.map { "\($0)".contains("--input x=") } == true)
    }

    /// A bias, or a normalisation's scale, whose shape does not fit is refused as plain loops refuse it, before a kernel reads it.
    @Test(arguments: ["bias", "scale"])
    func tensorsThatDoNotFitReachNoKernel(_ wrong: String) throws {
        var builder = ModelBuilder()
        try builder.input("x", [1, 3, 8, 8])
        try builder.constant("w", .random([256, 3, 15, 15], seed: 1))
        try builder.constant("b", .random(wrong == "bias" ? [4] : [256], seed: 2))
        try builder.node("Conv", ["x", "w", "b"], ["a"], [Attribute("pads", [7, 7, 7, 7])])
        for part in ["scale", "shift", "mean", "variance"] {
            try builder.constant(part, .random(wrong == "scale" ? [5] : [256], seed: 3, in: 1...2))
        }
        try builder.node("BatchNormalization", ["a", "scale", "shift", "mean", "variance"], ["y"])
        try builder.output("y")
        let feeds = try feed(builder.model, .random([1, 3, 8, 8], seed: 1))
        for backend in Backend.allCases {
            let error = #expect(throws: CNNOptError.self) {
                _ = try Engine(builder.model, backend: backend).run(feeds, threads: 1)
            }
            #expect(error?.code == .invalidModel)
        }
    }

    @Test(
        .enabled(if: SharedMaterial.isPresent, "../shared/models is not there"),
        arguments: SharedMaterial.modelNames
    )
    func sharedModelsGiveTheSameByBothBackEnds(_ name: String) throws {
        let model = try ONNXReader.read(path: try #require(SharedMaterial.path("models/\(name)")))
        let named = try randomFeeds(model, batch: 2, seed: 4)
        var feeds: [ValueID: TensorData] = [:]
        for id in model.graph.feeds { feeds[id] = named[model.graph[id].name] }
        let expected = try Engine(model, backend: .reference).run(feeds, threads: 2)
        let engine = try Engine(model, backend: .onednn)
        for (fast, plain) in zip(try engine.run(feeds, threads: 2), expected) {
            let (a, b) = (try fast.doubles(), try plain.doubles())
            let size = b.reduce(0) { max($0, abs($1)) }
            let worst = zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) }
            #expect(worst <= 1e-4 * size, "\(worst) of \(size)")
        }
        let plan = try engine.prepare(feeds, threads: 2)
        #expect(plan.steps.allSatisfy { $0.kernel != "reference" }, "plain loops in a plan")
        #expect(Double(plan.arenaBytes) <= 1.2 * Double(plan.largestLiveSetBytes))
    }
}
