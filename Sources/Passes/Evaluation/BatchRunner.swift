import Execution
import GraphIR
import Operators
import Tensors

/// Runs a model over samples in batches of a size that it accepts.
package struct BatchRunner: Sendable {
    private let plan: ExecutionPlan
    /// Samples in one run.
    package let batchSize: Int
    /// A fixed batch dimension has to be filled even where fewer samples are left.
    private let isFixed: Bool
    private let threads: Int
    /// The values that ``forEachBatch`` hands out: the graph's outputs unless others were asked for.
    package let targets: [ValueID]

    /// What one run gave.
    package struct Batch: Sendable {
        /// The samples that it covers.
        package let range: Range<Int>
        /// The targets, batch dimension first where they have one.
        package let outputs: [TensorData]
    }

    /// - Throws: `unsupported` where the model's inputs share no batch dimension.
    package init(
        _ model: Model,
        targets: [ValueID]? = nil,
        threads: Int
    ) throws(CNNOptError) {
        let facts = try GraphFacts(model)
        plan = try ExecutionPlan(model, facts: facts, targets: targets)
        self.targets = targets ?? model.graph.outputs
        self.threads = threads
        let shapes = plan.feeds.compactMap(\.type.shape)
        let fixed = Set(shapes.compactMap { $0.first?.size })
        guard !plan.feeds.isEmpty, fixed.count <= 1, !shapes.contains([]) else {
            throw CNNOptError(
                .unsupported,
                plan.feeds.isEmpty
                    ? "the model takes no input" : "the model's \(plan.feeds.count) inputs share no batch dimension",
                remedy: "`cnnopt run` takes any inputs"
            )
        }
        if let fixed = fixed.first {
            (batchSize, isFixed) = (max(fixed, 1), true)
        } else {
            let sample =
                shapes.map { checkedProduct($0.dropFirst().map { $0.size ?? 224 }) ?? Int.max }.max() ?? 1
            (batchSize, isFixed) = (max(1, min(64, (1 << 18) / max(sample, 1))), false)
        }
    }

    /// Runs all samples in order and hands out each batch's targets.
    /// - Parameter observing: further values, handed to `observe` with their batch as they are computed.
    package func forEachBatch(
        of source: any SampleSource,
        observing: Set<ValueID> = [],
        observe: (ValueID, TensorData) throws(CNNOptError) -> Void = { _, _ in },
        _ body: (Batch) throws(CNNOptError) -> Void
    ) throws(CNNOptError) {
        try source.forEachPart(of: batchSize, threads: threads) { (range, part) throws(CNNOptError) in
            let inputs = try part.inputs(0..<part.count, threads: threads)
            guard inputs.count == plan.feeds.count else {
                throw CNNOptError(
                    .unsupported,
                    "the model has \(plan.feeds.count) inputs, the data \(inputs.count)",
                    remedy: "without --data all inputs are random"
                )
            }
            var feeds: [ValueID: TensorData] = [:]
            for (feed, input) in zip(plan.feeds, inputs) {
                feeds[feed.id] = isFixed && range.count < batchSize ? try input.paddedBatch(to: batchSize) : input
            }
            let outputs = try plan.run(feeds, threads: threads, observing: observing, observe: observe)
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
