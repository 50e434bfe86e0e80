import Execution
import GraphIR
import Operators
import Tensors

/// A model and its gradients, run batch by batch.
struct SensitivityRun: Sendable {
    private(set) var loss: SensitivityLoss
    let gradients: GradientGraph
    /// Layers whose whole gradient there is, ascending.
    let measured: [ValueID]
    private let axes: [Int]
    private let feeds: [ValueID]
    private let forward: Engine
    private let backward: Engine
    /// Where each measured value's gradient stands among the outputs of ``backward``.
    private let places: [Int]
    private let targetTypes: [TensorType]
    private let batchSize: Int
    private let isFixed: Bool
    private let count: Int
    private let draws: Int
    private let threads: Int

    /// Bytes that a batch's activations and gradients may take.
    private static let activationBytes = 256 << 20
    /// Samples in one batch at most.
    private static let largestBatch = 32

    init(
        _ model: Model,
        _ layers: [ValueID: Int],
        samples: any SampleSource,
        count: Int,
        _ context: PassContext,
        draws: Int,
        evening: ClassEvening?
    ) throws(CNNOptError) {
        (self.count, self.draws, threads) = (count, draws, max(1, context.threads))
        let size = try BatchSize(model, GraphFacts(model), kept: model.graph.outputs)
        isFixed = size.isFixed
        feeds = model.graph.feeds
        let probeSize = isFixed ? size.samples : 1
        let probe = try Self.inputs(try PreparedSamples(samples, 0..<1, threads: 1), 0..<1, feeds, filledTo: probeSize)
        let shapes = probe.mapValues(\.shape)
        let outputs = try Engine(model, backend: context.backend).run(probe, threads: threads)
        loss = try SensitivityLoss(
            model,
            GraphFacts(model, inputShapes: shapes),
            probe: outputs,
            rows: probeSize,
            seed: context.seed,
            evening: evening
        )
        let wanted = layers.keys.sorted()
        var graph = try GradientGraph(model, inputShapes: shapes, targets: loss.targets, wanted: wanted)
        if isFixed || !size.canBeFilled {
            batchSize = probeSize
        } else {
            let kept = Set(graph.gradients.values).sorted()
            let memory = try ActivationMemory(graph.model.graph, graph.facts, targets: kept).largestLiveSet
            let most = max(1, min(Self.largestBatch, Self.activationBytes / max(1, memory)))
            batchSize = min((most + threads - 1) / threads, max(1, (count + threads - 1) / threads))
            if batchSize > 1 {
                let size = batchSize
                graph = try GradientGraph(
                    model,
                    inputShapes: shapes.mapValues { [size] + $0.dropFirst() },
                    targets: loss.targets,
                    wanted: wanted
                )
            }
        }
        let (whole, facts) = (graph, graph.facts)
        gradients = graph
        measured = wanted.filter { whole.gradients[$0] != nil && !whole.incomplete.contains($0) }
        axes = measured.map { layers[$0] ?? 1 }
        let ids = Set(measured.compactMap { whole.gradients[$0] }).sorted()
        places = measured.map { value in ids.firstIndex { $0 == whole.gradients[value] } ?? 0 }
        targetTypes = loss.targets.map { facts.type($0) }
        forward = try Engine(model, backend: context.backend, targets: loss.targets)
        backward = try Engine(graph.model, backend: context.backend, facts: facts, targets: ids)
        guard !loss.isClassifier else { return }
        // Every output counts alike, however many elements it has: one of features beside one of scores would be all that counts.
        let share = Double(lossTerms) / Double(max(1, targetTypes.count))
        loss.setDeviations(
            zip(try deviations(samples), elementsPerSample).map { $0 / (share / Double(max(1, $1))).squareRoot() }
        )
    }

    private var elementsPerSample: [Int] {
        targetTypes.map { (checkedProduct($0.sizes ?? []) ?? 0) / max(1, batchSize) }
    }

    /// The elements of a sample's targets that the loss adds up: 1 for a classifier.
    var lossTerms: Int {
        guard !loss.isClassifier else { return 1 }
        return max(1, elementsPerSample.reduce(0, +))
    }

    /// The standard deviation of each target over all samples.
    private func deviations(_ samples: any SampleSource) throws(CNNOptError) -> [Double] {
        var statistics = [ChannelStatistics](repeating: ChannelStatistics(), count: loss.targets.count)
        try forEachRound(samples) { (part, ranges, _) throws(CNNOptError) in
            let outputs = concurrentMap(ranges.count, threads: threads) { (index) throws(CNNOptError) in
                try forward.run(try inputs(part, ranges[index]), threads: ranges.count > 1 ? 1 : threads)
            }
            for result in outputs {
                for (index, output) in try result.get().enumerated() {
                    try statistics[index].add(try output.reshaped([1, output.count]), axis: 0)
                }
            }
        }
        return statistics.map { ($0.variances.first ?? 0).squareRoot() }
    }

    /// Runs all samples and hands out, batch by batch in order, what each measured value's gradients add up to over all draws.
    func forEachBatch(_ samples: any SampleSource, _ body: ([GradientSums]) throws(CNNOptError) -> Void)
        throws(CNNOptError)
    {
        guard !measured.isEmpty else { return }
        try forEachRound(samples) { (part, ranges, start) throws(CNNOptError) in
            let batches = concurrentMap(ranges.count, threads: threads) { (index) throws(CNNOptError) in
                try run(part, ranges[index], start: start, threads: ranges.count > 1 ? 1 : threads)
            }
            for batch in batches { try body(try batch.get()) }
        }
    }

    /// Reads a batch for each thread at a time.
    private func forEachRound(
        _ samples: any SampleSource,
        _ body: (PreparedSamples, [Range<Int>], _ start: Int) throws(CNNOptError) -> Void
    ) throws(CNNOptError) {
        for start in stride(from: 0, to: count, by: batchSize * threads) {
            let range = start..<min(start + batchSize * threads, count)
            let part = try PreparedSamples(samples, range, threads: threads)
            let ranges = stride(from: 0, to: range.count, by: batchSize).map { $0..<min($0 + batchSize, range.count) }
            try body(part, ranges, start)
        }
    }

    private func inputs(_ part: PreparedSamples, _ range: Range<Int>) throws(CNNOptError) -> [ValueID: TensorData] {
        try Self.inputs(part, range, feeds, filledTo: batchSize)
    }

    private static func inputs(
        _ part: PreparedSamples,
        _ range: Range<Int>,
        _ feeds: [ValueID],
        filledTo size: Int
    ) throws(CNNOptError) -> [ValueID: TensorData] {
        let tensors = try part.inputs(range, threads: 1)
        guard tensors.count == feeds.count else {
            throw CNNOptError(.unsupported, "the model has \(feeds.count) inputs, the data \(tensors.count)")
        }
        var result: [ValueID: TensorData] = [:]
        for (feed, tensor) in zip(feeds, tensors) { result[feed] = try tensor.paddedBatch(to: size) }
        return result
    }

    /// Runs one batch forward for its seeds, then with its gradients.
    private func run(_ part: PreparedSamples, _ range: Range<Int>, start: Int, threads: Int) throws(CNNOptError)
        -> [GradientSums]
    {
        var inputs = try inputs(part, range)
        let outputs = loss.isClassifier ? try forward.run(inputs, threads: threads) : []
        var sums: [GradientSums] = []
        for draw in 0..<draws {
            let seeds = try loss.seeds(
                targetTypes,
                outputs,
                start: start + range.lowerBound,
                rows: range.count,
                batch: batchSize,
                draw: draw
            )
            for (target, seed) in zip(loss.targets, seeds) {
                if let input = gradients.seeds[target] { inputs[input] = seed }
            }
            let tensors = try backward.run(inputs, threads: threads)
            for (index, place) in places.enumerated() {
                let own = try GradientSums(tensors[place], axis: axes[index], first: start + range.lowerBound)
                if draw == 0 { sums.append(own) } else { sums[index].add(own) }
            }
        }
        return sums
    }
}
