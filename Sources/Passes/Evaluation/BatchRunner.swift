import Execution
import GraphIR
import Operators
import Tensors

/// Runs a model over samples in batches of a size that it accepts.
package struct BatchRunner: Sendable {
    private let engine: Engine
    /// Samples in one run.
    package let batchSize: Int
    /// A fixed batch dimension has to be filled even where fewer samples are left.
    let isFixed: Bool
    private let threads: Int
    private let observed: Set<ValueID>
    /// The values that ``forEachBatch`` hands out: the graph's outputs unless others were asked for.
    package let targets: [ValueID]

    /// What one run gave.
    package struct Batch: Sendable {
        /// The samples that it covers.
        package let range: Range<Int>
        /// The targets, batch dimension first where they have one.
        package let outputs: [TensorData]
    }

    /// - Parameter observing: further values, which ``forEachBatch(of:observe:_:)`` hands to `observe`.
    /// - Throws: `unsupported` where the model's inputs share no batch dimension.
    package init(
        _ model: Model,
        targets: [ValueID]? = nil,
        observing: Set<ValueID> = [],
        threads: Int,
        backend: Backend = .onednn
    ) throws(CNNOptError) {
        let facts = try GraphFacts(model)
        engine = try Engine(model, backend: backend, facts: facts, targets: targets)
        self.targets = targets ?? model.graph.outputs
        self.threads = threads
        observed = observing
        // A compiled plan keeps what is observed to the end.
        let size = try BatchSize(model, facts, kept: self.targets + observing)
        (batchSize, isFixed) = (size.samples, size.isFixed)
    }

    /// Runs all samples in order and hands out each batch's targets, and before them to `observe` what is observed.
    package func forEachBatch(
        of source: any SampleSource,
        observe: (ValueID, TensorData) throws(CNNOptError) -> Void = { _, _ in },
        _ body: (Batch) throws(CNNOptError) -> Void
    ) throws(CNNOptError) {
        try source.forEachPart(of: batchSize, threads: threads) { (range, part) throws(CNNOptError) in
            let inputs = try part.inputs(0..<part.count, threads: threads)
            guard inputs.count == engine.feeds.count else {
                throw CNNOptError(
                    .unsupported,
                    "the model has \(engine.feeds.count) inputs, the data \(inputs.count)",
                    remedy: "without --data all inputs are random"
                )
            }
            var feeds: [ValueID: TensorData] = [:]
            for (feed, input) in zip(engine.feeds, inputs) {
                feeds[feed.id] = isFixed && range.count < batchSize ? try input.paddedBatch(to: batchSize) : input
            }
            let outputs = try engine.run(feeds, threads: threads, observing: observed, observe: observe)
            let valid = range.count
            var cut: [TensorData] = []
            for output in outputs {
                cut.append(isFixed && valid < batchSize ? try output.firstRows(valid, of: batchSize) : output)
            }
            try body(Batch(range: range, outputs: cut))
        }
    }

    /// The targets for all samples, put together along the first dimension.
    package func outputs(of source: any SampleSource) throws(CNNOptError) -> [TensorData] {
        var parts = [[TensorData]](repeating: [], count: targets.count)
        try forEachBatch(of: source) { (batch) throws(CNNOptError) in
            for (index, output) in batch.outputs.enumerated() { parts[index].append(output) }
        }
        var result: [TensorData] = []
        for part in parts { result.append(try TensorData.joined(part)) }
        return result
    }
}

extension TensorData {
    /// The batch filled up with its last sample.
    fileprivate func paddedBatch(to size: Int) throws(CNNOptError) -> TensorData {
        guard let rows = shape.first, rows > 0, rows < size else { return self }
        let rowBytes = byteCount / rows
        var result = try TensorData(zeros: elementType, shape: [size] + shape.dropFirst())
        try withBytes { (source) throws(CNNOptError) in
            try result.withMutableBytes { (target) throws(CNNOptError) in
                guard let from = source.baseAddress, let to = target.baseAddress else { return }
                for row in 0..<size {
                    (to + row * rowBytes).copyMemory(from: from + min(row, rows - 1) * rowBytes, byteCount: rowBytes)
                }
            }
        }
        return result
    }

    /// The first rows of a batch of `size`, where the first dimension is that batch.
    fileprivate func firstRows(_ rows: Int, of size: Int) throws(CNNOptError) -> TensorData {
        guard shape.first == size, let storage, byteCount % size == 0,
            let part = storage.slice(offset: 0, byteCount: byteCount / size * rows)
        else { return self }
        return try TensorData(elementType: elementType, shape: [rows] + shape.dropFirst(), storage: part)
    }
}
