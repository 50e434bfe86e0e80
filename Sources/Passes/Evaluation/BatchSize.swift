import Execution
import GraphIR
import Operators
import Tensors

/// How many samples a model runs at one time.
struct BatchSize {
    let samples: Int
    let isFixed: Bool
    /// Whether a batch can be filled up where fewer samples are left, and the results be cut: each kept value has a row for
    /// each sample. Such a batch needs no plan of its own.
    let canBeFilled: Bool

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
            (samples, isFixed, canBeFilled) = (max(fixed, 1), true, true)
            return
        }
        isFixed = false
        func sizes(_ batch: Int) -> [ValueID: [Int]] {
            shapes.mapValues { shape in
                shape.enumerated().map { axis, size in axis == 0 ? batch : size.size ?? Self.assumedSize }
            }
        }
        func hasRows(_ facts: GraphFacts, _ batch: Int) -> Bool {
            kept.allSatisfy { facts.type($0).shape?.first?.size == batch }
        }
        // A model that does not take these sizes may take others: what it needs is then unknown.
        guard let known = try? GraphFacts(model, inputShapes: sizes(1)),
            let memory = try? ActivationMemory(model.graph, known, targets: kept)
        else {
            (samples, canBeFilled) = (1, false)
            return
        }
        samples = max(1, min(Self.most, Self.activationBytes / max(memory.largestLiveSet, 1)))
        // A size that is there by chance does not follow the batch.
        guard hasRows(known, 1), let many = try? GraphFacts(model, inputShapes: sizes(Self.most)) else {
            canBeFilled = false
            return
        }
        canBeFilled = hasRows(many, Self.most)
    }
}
