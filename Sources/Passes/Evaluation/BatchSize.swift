import Execution
import GraphIR
import Operators
import Tensors

/// How many samples a model runs at one time.
struct BatchSize {
    let samples: Int
    /// Whether the model fixes it: a batch then has to be filled even where fewer samples are left.
    let isFixed: Bool

    /// Samples in one batch at most: more gain nothing.
    private static let most = 32
    /// Bytes that a batch's activations may take: the same on every machine, since results depend on how samples are cut
    /// into batches by a last bit.
    private static let activationBytes = 256 << 20
    /// For heights and widths that the model leaves open.
    private static let assumedSize = 224

    /// - Parameter kept: values that stay in memory to the end of a run.
    /// - Throws: `unsupported` where the model's inputs share no batch dimension.
    init(_ model: Model, _ facts: GraphFacts, kept: [ValueID]) throws(CNNOptError) {
        let feeds = model.graph.feeds
        var shapes: [ValueID: Shape] = [:]
        for feed in feeds { shapes[feed] = facts.type(feed).shape }
        let fixed = Set(shapes.values.compactMap { $0.first?.size })
        guard !feeds.isEmpty, fixed.count <= 1, !shapes.values.contains([]) else {
            throw CNNOptError(
                .unsupported,
                feeds.isEmpty
                    ? "the model takes no input" : "the model's \(feeds.count) inputs share no batch dimension",
                remedy: "`cnnopt run` takes any inputs"
            )
        }
        if let fixed = fixed.first {
            (samples, isFixed) = (max(fixed, 1), true)
            return
        }
        isFixed = false
        let single = shapes.mapValues { shape in
            shape.enumerated().map { axis, size in axis == 0 ? 1 : size.size ?? Self.assumedSize }
        }
        // A model that does not take these sizes may take others: what it needs is then unknown.
        guard let known = try? GraphFacts(model, inputShapes: single),
            let memory = try? ActivationMemory(model.graph, known, targets: kept)
        else {
            samples = 1
            return
        }
        samples = max(1, min(Self.most, Self.activationBytes / max(memory.largestLiveSet, 1)))
    }
}
