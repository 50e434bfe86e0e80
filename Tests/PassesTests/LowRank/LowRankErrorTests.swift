import GraphIR
import ONNXFormat
import Operators
import TestSupport
import Tensors
import Testing

@testable import Passes

/// What a split loses, on real weights, by a reconstruction that reads nothing but the files.
@Suite(.enabled(if: SharedMaterial.isPresent, "../shared is absent"))
struct LowRankErrorTests {
    private func read(_ name: String) throws -> Model {
        try ONNXReader.read(path: #require(SharedMaterial.path("models/\(name)")))
    }

    /// Parameters and multiply-accumulates are counted here, the bytes are the file's.
    private func size(_ model: Model) throws -> ModelSize {
        let graph = model.graph
        let shapes = try ResolvedInputs(model, PassContext()).shapes
        let tensors = graph.initializers.compactMap { graph.constant($0) }.filter(\.elementType.isFloat)
        return ModelSize(
            parameters: tensors.reduce(0) { $0 + $1.count },
            macs: try MACModel(graph, GraphFacts(model, inputShapes: shapes), []).total,
            bytes: try ONNXWriter.bytes(of: model).count
        )
    }

    @Test(arguments: ["cifar10-resnet20.onnx", "fashion-cnn-keras-nhwc.onnx", "imagenet-fdmobilenet-05.onnx"])
    func theErrorIsTheSumOfTheSquaredSingularValuesDropped(_ name: String) throws {
        var before = try read(name)
        _ = try SimplifyPass().run(&before, PassContext())
        var after = before
        _ = try lowRank(&after, ["energy": "0.95"], PassContext(threads: 2))
        var checked = 0
        for id in Array(before.graph.nodeIDs) where !after.graph.contains(id) {
            let old = before.graph[id]
            let made = try #require(
                Array(after.graph.nodeIDs).map { after.graph[$0] }.first { $0.outputs == old.outputs }
            )
            let reduced = try #require(
                made.inputs[0].flatMap { after.graph[$0].producer?.node }.map { after.graph[$0] }
            )
            let weight = try #require(before.graph.constant(old.inputs[1]))
            let first = try #require(after.graph.constant(reduced.inputs[1]))
            let second = try #require(after.graph.constant(made.inputs[1]))
            try check(weight, first, second, outputsFirst: old.operatorType == "Conv" || old.attribute("transB") != nil)
            checked += 1
        }
        #expect(checked > 0)
    }

    /// ‖W − second·first‖² against Σ of the dropped σ², with σ from the whole weight's decomposition.
    ///
    /// Each element of a factor is off by 2⁻²⁴ of itself at most, so the product is off by 2⁻²³·Σσ in norm, Σσ being the
    /// squared norm of either factor; doubles add less than a thousandth of that.
    private func check(_ weight: TensorData, _ first: TensorData, _ second: TensorData, outputsFirst: Bool) throws {
        let (w, a, b) = (try weight.doubles(), try first.doubles(), try second.doubles())
        let outputs = outputsFirst ? weight.shape[0] : weight.shape[1]
        let (inputs, rank) = (w.count / outputs, b.count / outputs)
        var difference = 0.0
        for channel in 0..<outputs {
            for input in 0..<inputs {
                var sum = 0.0
                for k in 0..<rank {
                    sum +=
                        outputsFirst
                        ? b[channel * rank + k] * a[k * inputs + input] : a[input * rank + k] * b[k * outputs + channel]
                }
                let delta = w[outputsFirst ? channel * inputs + input : input * outputs + channel] - sum
                difference += delta * delta
            }
        }
        let rows = outputsFirst ? outputs : inputs
        let values = try #require(
            SingularValueDecomposition(w, rows: rows, columns: w.count / rows, keeping: 0)?.values
        )
        let dropped = values.dropFirst(rank).reduce(0) { $0 + $1 * $1 }
        let rounding = 0x1p-23 * values.prefix(rank).reduce(0, +) * 1.001
        #expect(abs(difference.squareRoot() - dropped.squareRoot()) <= rounding)
        // The decomposition's own part: all energy is there, and the rule held.
        let energy = w.reduce(0) { $0 + $1 * $1 }
        #expect(abs(values.reduce(0) { $0 + $1 * $1 } / energy - 1) < 1e-12)
        #expect(difference <= 0.05 * energy)
    }

    @Test(arguments: SharedMaterial.modelNames.filter { !$0.hasPrefix("segment") })
    func noModelGetsLarger(_ name: String) throws {
        var before = try read(name)
        _ = try SimplifyPass().run(&before, PassContext())
        var after = before
        let report = try lowRank(&after, ["energy": "0.95"], PassContext(threads: 2))
        let (old, new) = (try size(before), try size(after))
        #expect(new.parameters <= old.parameters && new.macs <= old.macs && new.bytes <= old.bytes)
        if report.layers.contains(where: { $0.change != nil }) { #expect(new != old) }
        #expect(report.layers.allSatisfy { ($0.change == nil) != ($0.note == nil) })
        #expect(before.graph.outputs.map { before.graph[$0].name } == after.graph.outputs.map { after.graph[$0].name })
    }
}
