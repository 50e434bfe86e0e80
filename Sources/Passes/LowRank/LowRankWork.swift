import GraphIR
import Operators
import Tensors

/// One job of the lowrank pass: the decomposed weights of a model, and the candidates that are made of them.
struct LowRankWork {
    /// A node that multiplies and adds, with what can be done about it.
    struct Entry {
        let name: String
        let operatorName: String
        /// nil where it is left alone; ``note`` then says why.
        let layer: LowRankLayer?
        let factors: WeightFactors?
        let note: String?
    }

    /// A layer that becomes two.
    struct Split {
        let layer: LowRankLayer
        let rank: Int
        let rewrite: OperatorRewrite
        let parameters: Int
        let macs: Int
        /// The part of the weight's energy that is kept.
        let energy: Double
    }

    enum Outcome {
        case split(Split)
        case left(String)
    }

    struct Candidate {
        let model: Model
        /// One for each entry.
        let outcomes: [Outcome]
        /// What to say where nothing is split.
        var reason = "no layer gets smaller"

        var splits: [Split] {
            outcomes.compactMap { if case .split(let split) = $0 { split } else { nil } }
        }
    }

    let model: Model
    let context: PassContext
    let facts: GraphFacts
    /// In the order of the graph.
    private(set) var entries: [Entry] = []
    /// All multiply-accumulates of the model.
    let macs: Int
    let notes: [String]

    init(_ model: Model, _ context: PassContext) throws(CNNOptError) {
        self.model = model
        self.context = context
        let resolved = try ResolvedInputs(model, context)
        notes = resolved.notes
        facts = try GraphFacts(model, inputShapes: resolved.shapes)
        macs = try MACModel(model.graph, facts, []).total
        var found: [(id: NodeID, what: LowRankLayer.Found)] = []
        for id in model.graph.nodeIDs { found.append((id, try LowRankLayer.find(id, model.graph, facts))) }
        let layers = found.compactMap { if case .layer(let layer) = $0.what { layer } else { nil } }
        let factors = try Self.decompose(layers, context)
        for (id, what) in found {
            switch what {
            case .other: continue
            case .left(let reason): append(id, nil, nil, reason)
            case .layer(let layer):
                guard let factors = factors[id] else {
                    append(id, nil, nil, "its singular values could not be computed")
                    continue
                }
                guard factors.energy > 0 else {
                    append(id, nil, nil, "its weight is zero")
                    continue
                }
                append(id, layer, factors, nil)
            }
        }
    }

    private mutating func append(_ id: NodeID, _ layer: LowRankLayer?, _ factors: WeightFactors?, _ note: String?) {
        entries.append(
            Entry(
                name: model.graph.displayName(id),
                operatorName: model.graph[id].operatorName.description,
                layer: layer,
                factors: factors,
                note: note
            )
        )
    }

    /// Weights over this size are decomposed one at a time, for the memory that it takes.
    private static let largeCount = 1 << 22

    /// The factors of each layer; those whose decomposition fails are left out. Layers are shared out among the threads, each
    /// decomposed by one: the numbers do not depend on how many there are.
    private static func decompose(_ layers: [LowRankLayer], _ context: PassContext) throws(CNNOptError) -> [NodeID:
        WeightFactors]
    {
        // Large ones first, so that those decomposed together take about the same time.
        let order = layers.sorted { ($1.tensor.count, $0.node) < ($0.tensor.count, $1.node) }
        var results: [NodeID: WeightFactors] = [:]
        var start = 0
        while start < order.count {
            context.progress("decomposing weights", Double(start) / Double(order.count))
            let count = order[start].tensor.count > largeCount ? 1 : max(1, context.threads)
            let batch = Array(order[start..<min(start + count, order.count)])
            var outcomes = [Result<WeightFactors?, CNNOptError>](repeating: .success(nil), count: batch.count)
            outcomes.withUnsafeMutableBufferPointer { buffer in
                guard let base = buffer.baseAddress else { return }
                let target = SharedPointer(base)
                parallelFor(batch.count, threads: batch.count) { range in
                    for index in range {
                        let layer = batch[index]
                        target.base[index] = Result { () throws(CNNOptError) in
                            try WeightFactors(layer.tensor, layer.layout, limit: layer.largestRank)
                        }
                    }
                }
            }
            for (layer, outcome) in zip(batch, outcomes) { results[layer.node] = try outcome.get() }
            start += batch.count
        }
        return results
    }

    // MARK: Candidates

    /// The model with every layer split for which the rule has a rank that makes it smaller.
    func candidate(_ rule: RankRule) throws(CNNOptError) -> Candidate {
        var outcomes: [Outcome] = []
        for entry in entries { outcomes.append(try outcome(entry, rule)) }
        var result = model
        for case .split(let split) in outcomes {
            var patch = Patch(result.graph, author: LowRankPass.info.name)
            patch.replace(split.layer.node, with: split.rewrite, in: result.graph)
            let weight = split.layer.weight
            if let producer = result.graph[weight].producer?.node {
                patch.removeNode(producer)
            } else {
                patch.removeConstant(weight)
            }
            try result.graph.apply(patch)
        }
        return Candidate(model: result, outcomes: outcomes)
    }

    private func outcome(_ entry: Entry, _ rule: RankRule) throws(CNNOptError) -> Outcome {
        guard let layer = entry.layer, let factors = entry.factors else { return .left(entry.note ?? "") }
        for rank in rule.ranks(layer, factors) {
            let (first, second) = try factors.weights(rank)
            guard let rewrite = try layer.definition.factored(layer.site, first: first, second: second) else {
                continue
            }
            let figures = try rewrite.figures(at: layer.site, facts.registry)
            guard figures.parameters < layer.tensor.count, let macs = figures.macs, macs < layer.macs,
                figures.bytes + Self.nodeBytes(layer.name) < layer.tensor.byteCount
            else { continue }
            return .split(
                Split(
                    layer: layer,
                    rank: rank,
                    rewrite: rewrite,
                    parameters: figures.parameters,
                    macs: macs,
                    energy: factors.energy(rank)
                )
            )
        }
        return .left(rule.refusal(layer, factors))
    }

    /// Bytes that a further node takes in the file, at most: its fields, and names that begin with the layer's.
    private static func nodeBytes(_ name: String) -> Int { 512 + 8 * name.utf8.count }

    // MARK: The gate

    /// The candidate with the least energy that the gate lets through, and what to say about it.
    func smallestThatHolds(round: Int) throws(CNNOptError) -> (Candidate, String) {
        guard let gate = context.gate else {
            throw CNNOptError(
                .usage,
                "lowrank has neither energy nor ratio nor a gate",
                remedy: "say lowrank(energy=0.95)"
            )
            .inPass(LowRankPass.info.name)
        }
        let search = GateSearch<Candidate>(gate, first: 0.3, most: 1)
        let found = try search.run { (step) throws(CNNOptError) in
            let energy = Self.energy(step)
            context.progress("trying \(percent(energy)) of the energy", nil)
            let candidate = try candidate(RankRule(target: .energy(energy), round: round))
            return GateSearch.Trial(
                candidate: candidate,
                model: candidate.model,
                reached: step,
                isUnchanged: candidate.splits.isEmpty,
                text: "\(percent(energy)) of the energy"
            )
        }
        let remark =
            "without energy or ratio, as much as the gate allows: \(found.remark); ask for more with lowrank(energy=…) or a wider --max-drop"
        if let best = found.best { return (best, remark) }
        // Either the gate let no split through, or there was none at the least energy.
        guard found.isLimited else {
            return (try candidate(RankRule(target: .energy(Self.energy(1)), round: round)), remark)
        }
        let outcomes = entries.map { Outcome.left($0.note ?? "the gate does not allow it") }
        return (Candidate(model: model, outcomes: outcomes, reason: "the gate allows no split"), remark)
    }

    /// Steps from 0 to 1 give up nothing to half of the energy, slowly at first.
    private static func energy(_ step: Double) -> Double { 1 - 0.5 * step * step * step }
}
