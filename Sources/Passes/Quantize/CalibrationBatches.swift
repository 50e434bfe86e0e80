import Execution
import GraphIR
import Operators
import Tensors

/// The samples that a layerwise run takes in, cut into batches that the model accepts.
enum CalibrationBatches {
    /// Activations may take so many bytes at once.
    private static let byteLimit = 1 << 30

    /// The first samples of the source: as many whole batches as fit in memory, at least one.
    /// - Returns: the batches and how many samples they hold.
    static func load(
        _ source: any SampleSource,
        _ model: Model,
        _ facts: GraphFacts,
        _ run: LayerwiseRun,
        threads: Int
    ) throws(CNNOptError) -> (batches: [TensorData], samples: Int) {
        guard let feed = model.graph.feeds.first else { return ([], 0) }
        let fixed = facts.type(feed).shape?.first?.size
        let size = max(1, fixed ?? min(source.count, 16))
        guard source.count >= size else { return ([], 0) }
        let first = try source.batch(0..<size, threads: threads)
        let peak = try run.run([first]) { (_, tensor) throws(CNNOptError) in
            tensor
        } turn: { (turn) throws(CNNOptError) in
            try turn.run()
        }
        let count = max(1, min(source.count / size, byteLimit / max(peak, 1)))
        var batches = [first]
        for index in stride(from: 1, to: count, by: 1) {
            batches.append(try source.batch(index * size..<(index + 1) * size, threads: threads))
        }
        return (batches, count * size)
    }
}
