import Execution
import GraphIR
import Operators
import Tensors

/// The samples that a layerwise run takes in, cut into batches that the model accepts.
enum CalibrationBatches {
    /// Activations may take so many bytes at once.
    private static let byteLimit = 1 << 30

    /// The first samples of the source: as many as fit in memory, at least one batch.
    /// - Parameter most: no more than so many, or one batch.
    /// - Returns: the batches and how many samples they hold.
    static func load(
        _ source: any SampleSource,
        _ model: Model,
        _ facts: GraphFacts,
        threads: Int,
        most: Int = .max
    ) throws(CNNOptError) -> (batches: [TensorData], samples: Int) {
        guard let feed = model.graph.feeds.first else { return ([], 0) }
        let fixed = facts.type(feed).shape?.first?.size
        let size = max(1, fixed ?? min(source.count, 16))
        guard source.count >= size else { return ([], 0) }
        let first = try source.batch(0..<size, threads: threads)
        let memory = try ActivationMemory(model.graph, GraphFacts(model, inputShapes: [feed: first.shape]))
        let affordable = max(size, byteLimit / max(memory.largestLiveSet / size, 1))
        var count = min(source.count, affordable, max(size, most))
        // A fixed batch has to be full.
        if fixed != nil || count < source.count { count -= count % size }
        var batches = [first]
        for start in stride(from: size, to: count, by: size) {
            batches.append(try source.batch(start..<min(start + size, count), threads: threads))
        }
        return (batches, count)
    }
}
