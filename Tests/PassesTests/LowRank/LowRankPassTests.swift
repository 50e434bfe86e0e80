import GraphIR
import ONNXFormat
import Operators
import TestSupport
import Tensors
import Testing

@testable import Passes

func lowRank(_ model: inout Model, _ arguments: [String: String], _ context: PassContext = PassContext()) throws
    -> PassReport
{
    let report = try LowRankPass(PassArguments(passName: "lowrank", arguments)).run(&model, context)
    try model.graph.verify()
    return report
}

/// The nodes that a test looks at, in the graph's order.
private func nodes(_ model: Model, _ type: String) -> [Node] {
    Array(model.graph.nodeIDs).map { model.graph[$0] }.filter { $0.operatorType == type }
}

@Suite struct LowRankSplittingTests {
    @Test(arguments: FactoredLayer.all)
    func aWeightOfLowRankIsSplitWithoutLoss(_ layer: FactoredLayer) throws {
        let before = try layer.model([3, 2, 1])
        var after = before
        let report = try lowRank(&after, ["energy": "1"])
        let made = nodes(after, layer.type)
        #expect(made.count == 2)
        #expect(made.map(\.name) == ["y_node_reduced", "y_node"])
        #expect(made.first?.madeBy == "lowrank")
        #expect(try relativeDifference(before, after) < 1e-5)
        let sizes = made.map { after.graph.constant($0.inputs[layer.weightPort])?.count }
        #expect(sizes == [3 * layer.inputs, 3 * layer.outputs])
        let change = try #require(report.layers.first?.change)
        #expect(change.hasPrefix("rank 3 of \(min(layer.inputs, layer.outputs)), "))
        #expect(change.hasSuffix("100.0 % of the energy"))
        #expect(after.graph.value(named: "w") == nil)
        // What comes out is read and written as any other model.
        let bytes = try ONNXWriter.bytes(of: after)
        #expect(try bytes.count < ONNXWriter.bytes(of: before).count)
    }

    /// Later quantisation wants like ranges on both sides.
    @Test func bothFactorsCarryTheSameEnergy() throws {
        var model = try FactoredLayer.all[0].model([3, 2, 1])
        _ = try lowRank(&model, ["energy": "1"])
        let energies = try nodes(model, "Conv").map { node in
            try #require(model.graph.constant(node.inputs[1])).doubles().reduce(0) { $0 + $1 * $1 }
        }
        // √σ on either side: the sum of the singular values.
        #expect(energies.allSatisfy { abs($0 - 6) < 1e-5 })
    }

    @Test func theStrideComesFirst() throws {
        let layer = try #require(FactoredLayer.all.first { $0.name == "1×1 with a stride" })
        var model = try layer.model([3, 2, 1])
        _ = try lowRank(&model, ["energy": "1"])
        let strides = nodes(model, "Conv").map { $0.attribute("strides") != nil }
        #expect(strides == [true, false])
    }

    @Test func constantNodesGoWithTheirWeight() throws {
        let layer = FactoredLayer.all[0]
        let tensor = try layer.laidOut(ReflectedMatrix.make([3, 2, 1], rows: layer.outputs, columns: layer.inputs))
        var builder = ModelBuilder()
        try builder.input("x", layer.data)
        try builder.node("Constant", [], ["w"], [Attribute("value", .tensor(Constant(tensor)))])
        try builder.node("Conv", ["x", "w"], ["y"])
        try builder.output("y")
        var model = builder.model
        _ = try lowRank(&model, ["energy": "1"])
        #expect(model.graph.operatorTypes == ["Conv", "Conv"])
        #expect(try relativeDifference(builder.model, model) < 1e-5)
    }

    @Test func theSameBytesForEveryThreadCount() throws {
        var b = NetworkBuilder()
        var x = try b.input("x", [1, 16, 12, 12])
        for (from, to) in [(16, 40), (40, 24), (24, 64), (64, 33)] { x = try b.relu(b.conv(x, from, to)) }
        let before = try b.model(output: x)
        let results = try [1, 2, 3].map { threads in
            var after = before
            let report = try lowRank(&after, ["energy": "0.6"], PassContext(threads: threads))
            #expect(report.layers.filter { $0.change != nil }.count >= 3)
            return try ONNXWriter.bytes(of: after)
        }
        #expect(results[0] == results[1] && results[1] == results[2])
    }
}

@Suite struct LowRankRankTests {
    private static let layer = FactoredLayer(
        name: "square",
        type: "MatMul",
        data: [1, 32],
        weight: [32, 32],
        outputAxis: 1
    )

    /// The rank that a weight is split to whose squared singular values are 50, 30, 10, 6 and 4 hundredths of their sum.
    private static func rank(_ arguments: [String: String]) throws -> Int? {
        var model = try layer.model([0.5, 0.3, 0.1, 0.06, 0.04].map { $0.squareRoot() })
        _ = try lowRank(&model, arguments)
        let made = nodes(model, "MatMul")
        return made.count == 2 ? model.graph.constant(made[0].inputs[1])?.shape[1] : nil
    }

    @Test(arguments: [
        (0.3, 8, 1), (0.49, 8, 1), (0.51, 8, 2), (0.79, 8, 2), (0.81, 8, 3), (0.95, 8, 4), (0.97, 8, 5), (1, 8, 5),
        // A full rank of 32 is large for multiples of up to 4.
        (0.3, 4, 4), (0.97, 4, 8), (0.97, 5, 5), (0.3, 3, 3),
    ])
    func energyTakesTheSmallestRankThatHoldsIt(_ energy: Double, _ round: Int, _ rank: Int) throws {
        #expect(try Self.rank(["energy": "\(energy)", "round": "\(round)"]) == rank)
    }

    /// Each unit of rank takes 64 of 1,024 parameters.
    @Test(arguments: [(0.5, 8, 8), (0.6, 8, 6), (0.9, 8, 1), (0.6, 4, 4), (0.5, 4, 8), (0.9, 4, 1)])
    func ratioTakesTheLargestRankThatHoldsIt(_ ratio: Double, _ round: Int, _ rank: Int) throws {
        #expect(try Self.rank(["ratio": "\(ratio)", "round": "\(round)"]) == rank)
    }

    @Test func aRoundedRankThatIsNotSmallerIsNotTaken() throws {
        // 64 × 64 break even at 32: rank 30 is smaller, the next multiple of 8 is not.
        let layer = FactoredLayer(name: "", type: "MatMul", data: [1, 64], weight: [64, 64], outputAxis: 1)
        var model = try layer.model([Double](repeating: 1, count: 30))
        _ = try lowRank(&model, ["energy": "1"])
        #expect(model.graph.constant(nodes(model, "MatMul")[0].inputs[1])?.shape == [64, 30])
    }

    @Test func whatDoesNotGetSmallerStays() throws {
        let layer = Self.layer
        var model = try layer.model([Double](repeating: 1, count: 32))
        let before = try ONNXWriter.bytes(of: model)
        let report = try lowRank(&model, ["energy": "0.95"])
        #expect(report.layers.map(\.note) == ["needs rank 31 of 32 for 95.0 % of the energy: not smaller"])
        #expect(report.summary == "left as it is: no layer gets smaller")
        #expect(try ONNXWriter.bytes(of: model) == before)
    }

    /// A split that saves parameters, but fewer bytes than a further node takes in the file.
    @Test func aNodeThatTakesMoreThanItSavesIsNotMade() throws {
        let layer = FactoredLayer(name: "", type: "MatMul", data: [1, 8], weight: [8, 8], outputAxis: 1)
        var model = try layer.model([1])
        let report = try lowRank(&model, ["energy": "1"])
        #expect(report.layers.first?.change == nil && nodes(model, "MatMul").count == 1)
    }

    @Test(arguments: [
        ["energy": "0.5", "ratio": "0.5"], ["energy": "0"], ["energy": "1.5"], ["ratio": "1"], ["round": "0"],
    ])
    func wrongArgumentsAreUsageErrors(_ arguments: [String: String]) {
        let error = #expect(throws: CNNOptError.self) {
            try LowRankPass(PassArguments(passName: "lowrank", arguments))
        }
        #expect(error?.code == .usage)
    }
}

@Suite struct LowRankGateTests {
    private func model() throws -> Model {
        let layer = FactoredLayer.all[0]
        return try layer.model((0..<24).map { 1 / Double($0 + 1) })
    }

    private func samples() throws -> PreparedSamples {
        PreparedSamples(try TensorData.random([8, 16, 11, 11], seed: 3))
    }

    @Test func withoutEnergyTheGateDecides() throws {
        let before = try model()
        let ranks = try [30.0, 10.0].map { limit in
            let gate = AccuracyGate(.signalToNoise(limit), reference: before, samples: try samples(), threads: 1)
            var after = before
            let report = try lowRank(&after, [:], PassContext(gate: gate))
            #expect(try gate.judge(after).holds)
            #expect(report.notes.contains { $0.contains("at least \(limit) dB") && $0.contains("lowrank(energy=…)") })
            return try #require(after.graph.constant(nodes(after, "Conv")[0].inputs[1])).shape[0]
        }
        // A wider gate lets more go.
        #expect(ranks[1] < ranks[0] && ranks[0] < 24)
    }

    @Test func aGateThatNothingHoldsLeavesTheModel() throws {
        let before = try model()
        let gate = AccuracyGate(.signalToNoise(200), reference: before, samples: try samples(), threads: 1)
        var after = before
        let report = try lowRank(&after, [:], PassContext(gate: gate))
        #expect(try ONNXWriter.bytes(of: after) == ONNXWriter.bytes(of: before))
        #expect(report.layers.map(\.note) == ["the gate does not allow it"])
        #expect(report.summary == "left as it is: the gate allows no split")
    }

    @Test func whereNothingGetsSmallerTheGateIsNotBlamed() throws {
        let layer = FactoredLayer(name: "", type: "MatMul", data: [1, 32], weight: [32, 32], outputAxis: 1)
        let before = try layer.model([Double](repeating: 1, count: 32))
        let samples = PreparedSamples(try TensorData.random([4, 32], seed: 3))
        let gate = AccuracyGate(.signalToNoise(10), reference: before, samples: samples, threads: 1)
        var after = before
        let report = try lowRank(&after, [:], PassContext(gate: gate))
        #expect(report.layers.map(\.note) == ["needs rank 16 of 32 for 50.0 % of the energy: not smaller"])
        #expect(report.summary == "left as it is: no layer gets smaller")
    }

    @Test func neitherEnergyNorGateIsAUsageError() throws {
        var model = try model()
        let error = #expect(throws: CNNOptError.self) { try lowRank(&model, [:]) }
        #expect(error?.code == .usage)
    }
}
