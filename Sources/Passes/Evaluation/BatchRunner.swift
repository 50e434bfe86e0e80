import Execution
import GraphIR
import Operators
import Tensors

/// Runs a model over samples in batches of a size that it accepts.
package struct BatchRunner: Sendable {
    private let plan: ExecutionPlan
    private let feed: ExecutionPlan.Feed
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

    /// - Throws: `unsupported` where the model has more than one input to feed.
    package init(
        _ model: Model,
        targets: [ValueID]? = nil,
        inputShapes: [String: [Int]] = [:],
        threads: Int
    ) throws(CNNOptError) {
        let facts = try GraphFacts(model, inputShapes: inputShapes)
        plan = try ExecutionPlan(model, facts: facts, targets: targets)
        self.targets = targets ?? model.graph.outputs
        self.threads = threads
        guard let feed = plan.feeds.first, plan.feeds.count == 1 else {
            throw CNNOptError(
                .unsupported,
                "images can be fed to a model with one input; this one has \(plan.feeds.count)",
                remedy: "`cnnopt run` takes any number of inputs"
            )
        }
        self.feed = feed
        if let fixed = feed.type.shape?.first?.size {
            (batchSize, isFixed) = (max(fixed, 1), true)
        } else {
            let sample = checkedProduct((feed.type.shape ?? []).dropFirst().map { $0.size ?? 224 }) ?? 1
            (batchSize, isFixed) = (max(1, min(64, (1 << 18) / max(sample, 1))), false)
        }
    }

    /// The type of one run's input.
    package var inputType: TensorType { feed.type }

    /// The shape of one sample; symbolic dimensions take the size of `sizes` at the same axis, or 1.
    package func sampleShape(unknown sizes: [Int] = []) -> [Int] {
        let dimensions = (feed.type.shape ?? []).dropFirst()
        return dimensions.enumerated().map { $1.size ?? (sizes.indices.contains($0) ? sizes[$0] : 1) }
    }

    /// Runs all samples in order and hands out each batch's targets.
    /// - Parameter observing: further values, handed to `observe` with their batch as they are computed.
    package func forEachBatch(
        of source: any SampleSource,
        observing: Set<ValueID> = [],
        observe: (ValueID, TensorData) throws(CNNOptError) -> Void = { _, _ in },
        _ body: (Batch) throws(CNNOptError) -> Void
    ) throws(CNNOptError) {
        var start = 0
        while start < source.count {
            let range = start..<min(start + batchSize, source.count)
            var input = try source.batch(range, threads: threads)
            if isFixed, range.count < batchSize { input = try input.paddedBatch(to: batchSize) }
            let outputs = try plan.run([feed.id: input], threads: threads, observing: observing, observe: observe)
            let valid = range.count
            var cut: [TensorData] = []
            for output in outputs {
                cut.append(isFixed && valid < batchSize ? try output.firstRows(valid, of: batchSize) : output)
            }
            try body(Batch(range: range, outputs: cut))
            start = range.upperBound
        }
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
