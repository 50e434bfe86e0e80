import Execution
import GraphIR
import Operators
import Passes
import TestSupport
import Tensors
import Testing

/// Every operator's gradients against central differences in double precision: as doubles by plain loops, as floats by both back
/// ends.
@Suite struct OperatorGradientTests {
    @Test(arguments: OperatorGradientCases.elementwise) func elementwiseFunctions(_ test: GradientCase) throws {
        try check(test)
    }
    @Test(arguments: try OperatorGradientCases.clips()) func clamps(_ test: GradientCase) throws { try check(test) }
    @Test(arguments: OperatorGradientCases.binary) func pairs(_ test: GradientCase) throws { try check(test) }
    @Test(arguments: OperatorGradientCases.layers) func linearLayers(_ test: GradientCase) throws { try check(test) }
    @Test(arguments: OperatorGradientCases.pools) func pooling(_ test: GradientCase) throws { try check(test) }
    @Test(arguments: try OperatorGradientCases.layouts()) func movedElements(_ test: GradientCase) throws {
        try check(test)
    }

    private func check(_ test: GradientCase) throws {
        let (model, feeds) = try test.model(.float64)
        let seeds = try randomSeeds(model, feeds, model.graph.outputs)
        let inputs = feeds.keys.sorted()
        let expected = try inputs.map { try differences(model, feeds, seeds, of: $0) }
        #expect(expected.contains { $0.contains { $0 != 0 } })
        let doubles = try graph(model, feeds, inputs)
        for (found, wanted) in zip(try gradients(doubles, feeds, seeds, wanted: inputs, .reference), expected) {
            #expect(relativeError(found, wanted) < 1e-7)
        }
        let (narrow, narrowFeeds) = try test.model(.float32)
        let narrowSeeds = try seeds.mapValues { try $0.cast(to: .float32) }
        let floats = try graph(narrow, narrowFeeds, inputs)
        for backend in [Backend.reference, .onednn] {
            let found = try gradients(floats, narrowFeeds, narrowSeeds, wanted: inputs, backend)
            for (found, wanted) in zip(found, expected) { #expect(relativeError(found, wanted) < 2e-5) }
        }
    }

    private func graph(_ model: Model, _ feeds: [ValueID: TensorData], _ wanted: [ValueID]) throws -> GradientGraph {
        let graph = try GradientGraph(
            model,
            inputShapes: feeds.mapValues(\.shape),
            targets: model.graph.outputs,
            wanted: wanted
        )
        #expect(graph.barriers.isEmpty && graph.incomplete.isEmpty)
        try graph.model.graph.verify()
        return graph
    }
}
