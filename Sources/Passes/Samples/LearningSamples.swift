import GraphIR
import Operators
import Tensors

/// What the pass learns from: the user's images, or made-up ones.
struct LearningSamples {
    let source: any SampleSource
    /// What the report says about it.
    let note: String?

    /// More images than this say little that is new.
    private static let most = 2_048

    /// nil where there is nothing to learn from.
    init?(
        _ model: Model,
        _ facts: GraphFacts,
        _ layers: [LinearLayer],
        _ resolved: ResolvedInputs,
        _ context: PassContext
    ) throws(CNNOptError) {
        if let data = context.calibration {
            guard data.count > 0 else { return nil }
            source = FirstSamples(source: data, count: min(data.count, Self.most))
            note = nil
            return
        }
        guard var made = resolved.syntheticSamples(model, context) else { return nil }
        if try Self.wantsRawPixels(model, facts, layers, made, context) { made.pixels = .raw }
        source = made
        note =
            "without data: weights were judged and fitted on \(made.count) made-up images (\(made.pixels.text)); real ones (--data) keep more accuracy"
    }

    /// Whether the first layer's biases are made for pixels from 0 to 255: biases are about as large as the spread of what
    /// they are added to in trained networks, and here they would be many times larger.
    private static func wantsRawPixels(
        _ model: Model,
        _ facts: GraphFacts,
        _ layers: [LinearLayer],
        _ images: SyntheticImages,
        _ context: PassContext
    ) throws(CNNOptError) -> Bool {
        var few = images
        few.count = 16
        guard let first = layers.first, let bias = facts.constant(first.bias, model.graph) else { return false }
        let statistics = try ChannelStatistics.collect(
            model,
            axes: [first.output: first.form.outputChannelAxis],
            samples: few,
            context
        )
        guard let variances = statistics[first.output]?.variances, variances.count == bias.count else { return false }
        let ratios = zip(try bias.doubles(), variances).map { abs($0) / max($1.squareRoot(), 1e-12) }.sorted()
        return ratios[ratios.count / 2] > 16
    }
}

/// The first samples of a source.
private struct FirstSamples: SampleSource {
    let source: any SampleSource
    let count: Int
    var labels: [Int]? { nil }

    func batch(_ range: Range<Int>, threads: Int) throws(CNNOptError) -> TensorData {
        try source.batch(range, threads: threads)
    }

    func inputs(_ range: Range<Int>, threads: Int) throws(CNNOptError) -> [TensorData] {
        try source.inputs(range, threads: threads)
    }
}
