import EntropyCoding
import GraphIR
import Operators
import TestSupport
import Tensors
import Testing

@testable import Passes

@Suite struct CodecQuantizationTests: QuantizationSuite {
    private func quantized(_ arguments: [String: String], threads: Int = 2) throws -> (Model, PassReport) {
        var model = try network()
        let report = try pass(["codec": "true"].merging(arguments) { $1 }).run(&model, context(threads: threads))
        return (model, report)
    }

    private func constant(_ name: String, _ model: Model) throws -> Constant {
        let id = try #require(model.graph.value(named: name))
        return try #require(model.graph[id].constant)
    }

    @Test func everyWeightLiesOnTheGridThatItSays() throws {
        let (model, report) = try quantized(["distortion": "0.01"])
        for name in ["w1", "w2", "w3", "w4"] {
            let weight = try constant(name, model)
            guard case .uniformGrid(let grid)? = weight.encoding else {
                Issue.record("\(name) says nothing of a grid")
                continue
            }
            #expect(grid.axis == 0 && grid.steps.count == weight.data.shape[0])
            // Rows of nine numbers and more follow a trellis.
            #expect(grid.isDependent == (grid.rowLength >= 8), "\(name)")
            let storage = try #require(weight.data.storage)
            #expect(grid.holds(storage.base, weight.data.count))
            let text = GridText(GridText(grid).description, elements: weight.data.count)
            #expect(text?.grid(shape: weight.data.shape) == grid)
        }
        #expect(report.layers.count { $0.change != nil } == 4)
        #expect(try noise(network(), model) > 12)
    }

    @Test func moreDistortionTakesFewerBits() throws {
        func zeros(_ model: Model) throws -> Int {
            try ["w1", "w3", "w4"].reduce(0) { total, name in
                total + (try constant(name, model).data.array(of: Float.self).count { $0 == 0 })
            }
        }
        let (fine, _) = try quantized(["distortion": "0.00001"])
        let (coarse, _) = try quantized(["distortion": "0.3"])
        #expect(try zeros(fine) < zeros(coarse))
        #expect(try noise(network(), fine) > noise(network(), coarse) + 15)
    }

    @Test func theResultDoesNotDependOnThreads() throws {
        let (one, _) = try quantized(["distortion": "0.01"], threads: 1)
        let (three, _) = try quantized(["distortion": "0.01"], threads: 3)
        for name in ["w1", "b1", "w2", "w3", "b3", "w4", "b4"] {
            #expect(try constant(name, one).data.isIdentical(to: constant(name, three).data), "\(name)")
        }
    }

    /// What the gate measures on has to be other images than those that weights are fitted to.
    private var heldOut: SeededSamples {
        SeededSamples(count: 30, inputs: [.init(elementType: .float32, shape: [3, 6, 6])], seed: 77)
    }

    @Test func theGateIsHeld() throws {
        var model = try network()
        let original = model
        var context = context()
        context.gate = AccuracyGate(.signalToNoise(25), reference: original, samples: heldOut, threads: 2)
        let report = try pass(["codec": "true"]).run(&model, context)
        let found = try noise(original, model)
        #expect(found >= 25 && found < 40, "\(found) dB")
        #expect(report.notes.contains { $0.contains("25.0 dB") })
    }

    /// A network that is very sure of itself has next to no gradients: what looks like nothing spoils its answers.
    /// At the last scale nearly every probability is 0 or 1, so that noise comes in leaps and has no upper bound.
    @Test(arguments: [(Float(1), 45), (300, 45), (1_000, 45), (3_000, .infinity)])
    func theGateIsHeldHoweverSmallGradientsAre(_ scale: Float, most: Double) throws {
        var model = try network()
        var patch = Patch(model.graph, author: "test")
        for name in ["w4", "b4"] {
            let id = try #require(model.graph.value(named: name))
            let data = try #require(model.graph.constant(id))
            patch.setConstant(id, try TensorData(data.array(of: Float.self).map { $0 * scale }, shape: data.shape))
        }
        try model.graph.apply(patch)
        let original = model
        var context = context()
        context.gate = AccuracyGate(.signalToNoise(30), reference: original, samples: heldOut, threads: 2)
        _ = try pass(["codec": "true"]).run(&model, context)
        let found = try noise(original, model)
        #expect(found >= 30 && found < most, "\(found) dB")
    }

    @Test func aSizeIsReached() throws {
        var model = try network()
        var context = context()
        // A stand-in for the compact file: what is not zero takes a byte.
        context.compactBytes = { (model) throws(CNNOptError) in
            var bytes = 0
            for id in model.graph.initializers {
                guard let data = model.graph.constant(id), data.elementType == .float32 else { continue }
                bytes += try data.array(of: Float.self).count { $0 != 0 }
            }
            return bytes
        }
        context.targetBytes = 500
        _ = try pass(["codec": "true"]).run(&model, context)
        #expect(try context.compactBytes?(model) ?? 0 <= 500)
        context.targetBytes = 1
        var other = try network()
        let error = #expect(throws: CNNOptError.self) { try pass(["codec": "true"]).run(&other, context) }
        #expect(error?.exitStatus == 69 && error?.message.contains("1 bytes") == true)
    }

    @Test func withoutImagesSomeAreMadeUp() throws {
        var model = try network()
        let report = try pass(["codec": "true", "distortion": "0.01"]).run(&model, context(data: false))
        #expect(report.notes.contains { $0.contains("made-up images") })
        #expect(try constant("w1", model).encoding != nil)
    }

    @Test func otherWeightsAreLeftAlone() throws {
        var model = try network()
        let w3 = try #require(model.graph.value(named: "w3"))
        var patch = Patch(model.graph, author: "test")
        patch.setConstant(w3, try TensorData([Float](repeating: .nan, count: 16), shape: [4, 4, 1, 1]))
        try model.graph.apply(patch)
        let report = try pass(["codec": "true", "distortion": "0.01"]).run(&model, context())
        #expect(report.layers.contains { $0.name == "c3" && $0.note?.contains("not finite") == true })
    }

    /// A model without such layers needs no images.
    @Test func nothingToDoIsSaid() throws {
        var builder = ModelBuilder()
        try builder.input("x", [1, 4], .int8)
        try builder.node("Identity", ["x"], ["y"])
        try builder.output("y")
        var model = builder.model
        let report = try pass(["codec": "true"]).run(&model, context(data: false))
        #expect(report.summary.contains("unchanged"))
    }

    @Test func distortionBelongsToCodec() {
        let error = #expect(throws: CNNOptError.self) { try pass(["distortion": "0.1"]) }
        #expect(error?.exitStatus == 64 && error?.message.contains("codec") == true)
    }

    @Test(arguments: ["bits", "range", "equalize"])
    func whatIsForIntegersIsRefused(_ name: String) {
        let value = ["bits": "8", "range": "full", "equalize": "true"][name] ?? ""
        let error = #expect(throws: CNNOptError.self) { try pass(["codec": "true", name: value]) }
        #expect(error?.exitStatus == 64 && error?.message.contains("'\(name)'") == true)
    }

    @Test func aNameAloneSwitchesOn() throws {
        #expect(try PassList(parsing: "quant(codec,distortion=0.01)").passes.count == 1)
        let error = #expect(throws: CNNOptError.self) { try PassList(parsing: "quant(bits)") }
        #expect(error?.description.contains("not key=value") == true)
    }
}

@Suite struct RowMeansTests {
    @Test func eachSampleGivesItsMeanRow() throws {
        var builder = ModelBuilder()
        try builder.input("x", [3, 2, 4, 4])
        try builder.constant("w", TensorData([Float](repeating: 1, count: 2 * 2 * 4), shape: [2, 2, 2, 2]))
        try builder.node("Conv", ["x", "w"], ["y"])
        try builder.output("y")
        let model = builder.model
        let facts = try GraphFacts(model)
        let id = try #require(Array(model.graph.nodeIDs).first)
        let layer = try #require(try LinearLayer(id, model.graph, facts))
        let weight = try #require(model.graph.constant(layer.weight))
        let rows = try #require(LayerRows(layer, weight: weight, facts.site(id, model.graph)))
        let values = (0..<96).map { Float(($0 * 7) % 13) }
        let data = try TensorData(values, shape: [3, 2, 4, 4])
        let sampler = RowSampler(rows, positionsPerSample: 100, seed: 0, threads: 2)
        var moments = sampler.empty
        #expect(try sampler.addMeans(data: data, output: [3, 2, 3, 3], first: 0, to: &moments))
        #expect(moments[0].count == 3)
        let found = moments[0].meansX(centred: true)
        for channel in 0..<2 {
            for tap in 0..<4 {
                var sum = 0.0
                for sample in 0..<3 {
                    for y in 0..<3 {
                        for x in 0..<3 {
                            sum += Double(values[((sample * 2 + channel) * 4 + y + tap / 2) * 4 + x + tap % 2])
                        }
                    }
                }
                #expect(abs(found[channel * 4 + tap] - sum / 27) < 1e-5)
            }
        }
    }
}
