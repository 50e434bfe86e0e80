import Execution
import GraphIR
import Operators
import TestSupport
import Tensors
import Testing

@testable import Passes

@Suite struct BatchSizeTests {
    /// y = relu(x).
    private static func relu(_ shape: [Int?]) throws -> Model {
        var builder = ModelBuilder()
        try builder.input("x", shape)
        try builder.node("Relu", ["x"], ["y"])
        try builder.output("y", .float32)
        return builder.model
    }

    @Test(arguments: [
        // One sample's input and output take 32 KiB: the most there is.
        ([nil, 1, 64, 64], 32, false),
        // 2 × 64 MiB: two fit into 256 MiB.
        ([nil, 64, 512, 512], 2, false),
        // A sample that is larger than all.
        ([nil, 64, 4_096, 4_096], 1, false),
        // Open sizes count as 224: 2 × 100 × 224 × 224 × 4 bytes, six times.
        ([nil, 100, nil, nil], 6, false),
        // What the file fixes stays.
        ([70, 1, 8, 8], 70, true),
    ])
    func isWhatFitsIntoAFixedBound(_ shape: [Int?], _ samples: Int, _ isFixed: Bool) throws {
        let runner = try BatchRunner(Self.relu(shape), threads: 1)
        #expect(runner.batchSize == samples && runner.isFixed == isFixed)
    }

    @Test(arguments: [(Backend.onednn, 3, 11, 33), (.reference, 3, 32, 32)])
    func threadsShareOpenBatches(_ backend: Backend, _ threads: Int, _ batch: Int, _ round: Int) throws {
        let runner = try BatchRunner(Self.relu([nil, 1, 64, 64]), threads: threads, backend: backend)
        #expect(runner.batchSize == batch && runner.roundSize == round)
    }

    @Test func fixedBatchesRunBesideEachOther() throws {
        let runner = try BatchRunner(Self.relu([70, 1, 8, 8]), threads: 2)
        #expect(runner.batchSize == 70 && runner.roundSize == 140)
    }

    @Test(arguments: [(1, 8, 8), (3, 8, 3), (3, 1, 1), (2, 1_000, 16), (2, 33, 16)])
    func batchesAreNoLargerThanNeeded(_ threads: Int, _ count: Int, _ size: Int) throws {
        let runner = try BatchRunner(Self.relu([nil, 1, 8, 8]), count: count, threads: threads)
        #expect(runner.batchSize == size && runner.roundSize == size * threads)
        let plain = try BatchRunner(Self.relu([nil, 1, 8, 8]), count: count, threads: threads, backend: .reference)
        #expect(plain.batchSize == min(count, 32))
    }

    /// y = relu(x), z = its rows' sum, of which there is one whatever the batch.
    private static func summed(_ batch: Int?) throws -> Model {
        var builder = ModelBuilder()
        try builder.input("x", [batch, 2])
        try builder.node("Relu", ["x"], ["y"])
        try builder.constant("axes", try .integers([0]))
        try builder.node("ReduceSum", ["y", "axes"], ["z"])
        try builder.output("z", .float32)
        return builder.model
    }

    @Test func onlyRowsOfSamplesAreFilledUpAndCut() throws {
        let x = try TensorData((0..<70).map(Float.init), shape: [35, 2])
        let rows = try BatchRunner(Self.relu([nil, 2]), threads: 1).outputs(of: PreparedSamples(x))
        #expect(rows.first?.shape == [35, 2] && rows.first?.isIdentical(to: x) == true)
        // 32 samples and 3: a sum must not count the last one more than once.
        let sums = try BatchRunner(Self.summed(nil), threads: 1).outputs(of: PreparedSamples(x))
        let tail = try #require(sums.first).array(of: Float.self).suffix(2)
        #expect(Array(tail) == [Float(64 + 66 + 68), Float(65 + 67 + 69)])
    }

    @Test func whatIsObservedStaysInMemory() throws {
        // Ten tensors of 16 MiB for each sample: two are alive at one time, or in the end the nine that are looked at.
        var builder = ModelBuilder()
        try builder.input("v0", [nil, 64, 256, 256])
        for index in 1...9 { try builder.node("Relu", ["v\(index - 1)"], ["v\(index)"]) }
        try builder.output("v9", .float32)
        let graph = builder.model.graph
        #expect(try BatchRunner(builder.model, threads: 1).batchSize == 8)
        let inner = Set((1...8).compactMap { graph.value(named: "v\($0)") })
        #expect(try BatchRunner(builder.model, observing: inner, threads: 1).batchSize == 256 / (9 * 16))
    }

    @Test func sizesThatTheModelDoesNotTakeGiveOne() throws {
        // Open sizes that 224 contradicts.
        var builder = ModelBuilder()
        try builder.input("x", [nil, 3, nil, nil])
        try builder.constant("c", try TensorData(zeros: .float32, shape: [1, 3, 100, 100]))
        try builder.node("Add", ["x", "c"], ["y"])
        try builder.output("y", .float32)
        #expect(try BatchRunner(builder.model, threads: 1).batchSize == 1)
    }

    @Test func activationsAreCountedWhileTheyAreNeeded() throws {
        // x → a → b, c = a + b: 16 bytes each; a, b and c are alive together.
        var builder = ModelBuilder()
        try builder.input("x", [1, 4])
        try builder.node("Relu", ["x"], ["a"])
        try builder.node("Sigmoid", ["a"], ["b"])
        try builder.node("Add", ["a", "b"], ["c"])
        try builder.output("c", .float32)
        let graph = builder.model.graph
        let facts = try GraphFacts(builder.model)
        let all = try ActivationMemory(graph, facts)
        #expect(all.nodes.count == 3 && all.largestLiveSet == 48)
        let a = try #require(graph.value(named: "a"))
        let first = try ActivationMemory(graph, facts, targets: [a])
        #expect(first.nodes.count == 1 && first.largestLiveSet == 32)
        // What is asked for stays to the end.
        let b = try #require(graph.value(named: "b"))
        #expect(try ActivationMemory(graph, facts, targets: [a, b] + graph.outputs).largestLiveSet == 48)
    }
}
