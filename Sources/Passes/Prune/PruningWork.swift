import Execution
import GraphIR
import Operators
import Tensors

/// One job of the prune pass: what it found out about the model, and the candidates that it makes of it.
struct PruningWork {
    /// A pruned model.
    struct Candidate {
        let model: Model
        /// The fraction of multiply-accumulates that is gone.
        let reduction: Double
        let kept: [ValueAxis: [Int]]
        let outcomes: [LayerRestoration.Outcome]
    }

    let pass: PrunePass
    let model: Model
    let context: PassContext
    let facts: GraphFacts
    let groups: ChannelGroups
    let macs: MACModel
    /// Remarks that go into every report.
    private(set) var notes: [String] = []
    private let samples: (any SampleSource)?
    private let memory: MemoryPlan

    init(_ pass: PrunePass, _ model: Model, _ context: PassContext) throws(CNNOptError) {
        self.pass = pass
        self.model = model
        facts = try GraphFacts(model)
        groups = try ChannelGroups(model, facts)
        let resolved = try ResolvedInputs(model, context)
        notes += resolved.notes
        let counted = try GraphFacts(model, inputShapes: resolved.shapes)
        macs = try MACModel(model.graph, counted, groups.groups)
        memory = try MemoryPlan(model.graph, counted)
        let learning = try LearningSamples(
            model,
            facts,
            groups.layers,
            resolved,
            context
        )
        samples = learning?.source
        if pass.restore == .auto || pass.criterion == .auto, let note = learning?.note { notes.append(note) }
        self.context = context
    }

    /// A layer that may lose channels, but whose weight comes out of a node that dequantises; nil where there is none.
    var computedWeight: String? {
        let graph = model.graph
        for layer in groups.layers where groups.groups.contains(where: { $0.position(of: layer.weightOutput) != nil }) {
            if let producer = graph[layer.weight].producer?.node,
                facts.definition(producer, graph)?.traits.contains(.isQuantization) == true
            {
                return graph.displayName(layer.node)
            }
        }
        return nil
    }

    // MARK: Selection

    /// The order in which channels go, up to a fraction of the work.
    func selection(target: Double) throws(CNNOptError) -> GreedySelection {
        let weights = try StoredWeights(model, facts, groups.layers).tensors
        switch pass.criterion {
        case .auto:
            if let samples {
                let survey = try ActivationSurvey(
                    model,
                    facts,
                    groups.layers.filter { layer in groups.groups.contains { $0.position(of: layer.weightInput) != nil }
                    },
                    weights: weights,
                    samples: samples,
                    context: context
                )
                return try select(CompensatedScores(groups.groups, survey.problems), target)
            }
            return try select(MagnitudeScores(groups.groups, .l2, weights: weights), target)
        case .l2: return try select(MagnitudeScores(groups.groups, .l2, weights: weights), target)
        case .l1: return try select(MagnitudeScores(groups.groups, .l1, weights: weights), target)
        }
    }

    private func select(_ scores: some ChannelScores, _ target: Double) throws(CNNOptError) -> GreedySelection {
        var sizes: [ValueAxis: Int] = [:]
        for axis in Set(groups.groups.flatMap(\.axes)) {
            sizes[axis] = facts.type(axis.value).shape?[axis.axis].size
        }
        return try GreedySelection(
            groups.groups,
            sizes: sizes,
            macs: macs,
            scores: scores,
            limits: GreedySelection.Limits(cap: pass.cap, round: pass.round),
            target: target,
            tolerance: PrunePass.tolerance,
            progress: { context.progress("choosing channels", $0) }
        )
    }

    // MARK: Candidates

    /// The model without the channels, restored as far as the arguments and the samples allow.
    func candidate(_ removal: ChannelRemoval) throws(CNNOptError) -> Candidate {
        var pruned = model
        let kept = removal.kept(facts)
        var macs = macs
        for (group, channels) in removal.removed.enumerated() where !channels.isEmpty {
            try macs.remove(group, channels.sorted())
        }
        let prunedFacts = try removal.apply(to: &pruned, facts)
        var outcomes: [LayerRestoration.Outcome] = []
        if pass.restore == .auto, !removal.isEmpty, let samples {
            outcomes = try restore(&pruned, prunedFacts, kept, samples)
        }
        return Candidate(model: pruned, reduction: macs.reduction, kept: kept, outcomes: outcomes)
    }

    private func restore(
        _ pruned: inout Model,
        _ prunedFacts: GraphFacts,
        _ kept: [ValueAxis: [Int]],
        _ samples: any SampleSource
    ) throws(CNNOptError) -> [LayerRestoration.Outcome] {
        let feeds = model.graph.feeds
        guard feeds.count == 1, let feed = feeds.first, samples.count > 1 else { return [] }
        let size = try BatchSize(model, facts, kept: model.graph.outputs)
        var batchSize = size.samples
        let affordable = min(samples.count, memory.samples)
        if !size.isFixed, affordable > 0 {
            // Batches of one size that leave as few samples out as possible.
            batchSize = affordable / ((affordable + batchSize - 1) / batchSize)
        }
        let count = affordable / batchSize * batchSize
        guard count > 1 else { return [] }
        var batches: [TensorData] = []
        for start in stride(from: 0, to: count, by: batchSize) {
            batches.append(try samples.batch(start..<start + batchSize, threads: context.threads))
        }
        var restoration = LayerRestoration(
            try PairedExecution(
                original: model,
                facts,
                pruned: pruned,
                prunedFacts,
                feed: feed,
                batches: batches,
                threads: context.threads
            ),
            layers: groups.layers,
            kept: kept,
            sampleCount: count,
            batchSize: batchSize,
            settings: LayerRestoration.Settings(seed: context.seed, threads: context.threads)
        )
        try restoration.run(&pruned, facts) { context.progress("fitting layers", $0) }
        return restoration.outcomes
    }

    // MARK: The gate

    /// The candidate with the most work removed that the gate lets through, and what to say about it.
    func largestThatHolds() throws(CNNOptError) -> (Candidate?, String) {
        guard let gate = context.gate else {
            throw CNNOptError(.usage, "prune has neither a ratio nor a gate", remedy: "say prune(ratio=0.3)").inPass(
                "prune"
            )
        }
        let selection = try selection(target: 0.9)
        let search = GateSearch<Candidate>(gate, first: 0.3, most: min(0.9, selection.reach))
        let found = try search.run { (ratio) throws(CNNOptError) in
            context.progress("trying \(percent(ratio))", nil)
            let candidate = try candidate(selection.removal(target: ratio))
            return GateSearch.Trial(
                candidate: candidate,
                model: candidate.model,
                reached: candidate.reduction,
                isUnchanged: candidate.reduction <= 0,
                text: percent(candidate.reduction)
            )
        }
        return (
            found.best,
            "without a ratio, as much as the gate allows: \(found.remark); ask for more with prune(ratio=…) or a wider --max-drop"
        )
    }
}
