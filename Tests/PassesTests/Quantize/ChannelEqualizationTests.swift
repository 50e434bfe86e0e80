import GraphIR
import Operators
import Testing

@testable import Passes

@Suite struct ChannelEqualizationTests: QuantizationSuite {
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
