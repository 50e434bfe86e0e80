import Execution
import GraphIR
import Operators
import Tensors

/// Runs a model over samples in batches of a size that it accepts.
package struct BatchRunner: Sendable {
    private let engine: Engine
    /// Samples in one run.
    package let batchSize: Int
    /// Samples that are run at one time: a batch on each thread, or one batch on all of them by plain loops.
    package let roundSize: Int
    /// Whether the batch is the model's own choice.
    let isFixed: Bool
    /// Whether batches are filled up where fewer samples are left: then all have the same plan.
    private let isFilled: Bool
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

    /// - Parameters:
    ///   - count: how many samples there will be, for batches that are no larger than needed.
    ///   - observing: further values, which ``forEachBatch(of:observe:_:)`` hands to `observe`.
    /// - Throws: `unsupported` where the model's inputs share no batch dimension.
    package init(
        _ model: Model,
        count: Int = .max,
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
        isFixed = size.isFixed
        let together = backend == .reference ? 1 : threads
        let share = max(1, count / together + (count % together > 0 ? 1 : 0))
        batchSize = isFixed ? size.samples : min((size.samples + together - 1) / together, share)
        // Whoever looks at values on the way must see those of samples alone.
        isFilled = size.isFixed || size.canBeFilled && observing.isEmpty
        roundSize = batchSize * together
    }

    /// Runs all samples in order and hands out each batch's targets, and before them to `observe` what is observed.
    package func forEachBatch(
        of source: any SampleSource,
        observe: (ValueID, TensorData) throws(CNNOptError) -> Void = { _, _ in },
        _ body: (Batch) throws(CNNOptError) -> Void
    ) throws(CNNOptError) {
        try source.forEachPart(of: roundSize, threads: threads) { (range, part) throws(CNNOptError) in
            let ranges = stride(from: 0, to: range.count, by: batchSize).map { $0..<min($0 + batchSize, range.count) }
            guard ranges.count > 1 else {
                let outputs = try run(part, 0..<part.count, threads: roundSize > batchSize ? 1 : threads, observe)
                return try body(Batch(range: range, outputs: outputs))
            }
            for (batch, result) in zip(ranges, runTogether(part, ranges)) {
                let (outputs, seen) = try result.get()
                for (id, tensor) in seen { try observe(id, tensor) }
                let place = range.lowerBound + batch.lowerBound..<range.lowerBound + batch.upperBound
                try body(Batch(range: place, outputs: outputs))
            }
        }
    }

    private typealias Answers = (outputs: [TensorData], observed: [(ValueID, TensorData)])

    /// Runs one batch on each thread: layers then need not wait for one another's parts.
    private func runTogether(_ part: PreparedSamples, _ ranges: [Range<Int>]) -> [Result<Answers, CNNOptError>] {
        concurrentMap(ranges.count, threads: threads) { (index) throws(CNNOptError) in
            var seen: [(ValueID, TensorData)] = []
            let outputs = try run(part, ranges[index], threads: 1) { (id, tensor) throws(CNNOptError) in
                seen.append((id, tensor))
            }
            return (outputs, seen)
        }
    }

    /// Runs one batch of samples that are in memory.
    private func run(
        _ part: PreparedSamples,
        _ range: Range<Int>,
        threads: Int,
        _ observe: (ValueID, TensorData) throws(CNNOptError) -> Void
    ) throws(CNNOptError) -> [TensorData] {
        let inputs = try part.inputs(range, threads: threads)
        guard inputs.count == engine.feeds.count else {
            throw CNNOptError(
                .unsupported,
                "the model has \(engine.feeds.count) inputs, the data \(inputs.count)",
                remedy: "without --data all inputs are random"
            )
        }
        var feeds: [ValueID: TensorData] = [:]
        for (feed, input) in zip(engine.feeds, inputs) {
            feeds[feed.id] = isFilled && range.count < batchSize ? try input.paddedBatch(to: batchSize) : input
        }
        let outputs = try engine.run(feeds, threads: threads, observing: observed, observe: observe)
        var cut: [TensorData] = []
        for output in outputs {
            cut.append(isFilled && range.count < batchSize ? try output.firstRows(range.count, of: batchSize) : output)
        }
        return cut
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
    func paddedBatch(to size: Int) throws(CNNOptError) -> TensorData {
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
