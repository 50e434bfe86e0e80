import Execution
import GraphIR
import Operators
import Tensors

/// A layer whose weight is put on a grid.
struct CodecLayer: Sendable {
    let linear: LinearLayer
    let rows: LayerRows
    let weight: TensorData
    /// The bias, where it is stored, used here alone, and has a number for each channel.
    let bias: ValueID?
    let biasShape: [Int]

    var channels: Int { rows.groups * rows.outputs }
}

/// The layers of a model that can be put on grids, and those that cannot.
struct CodecLayers: Sendable {
    /// A layer that stays as it is, and why.
    struct Left: Sendable {
        let name: String
        let operatorName: String
        let reason: String
    }

    private(set) var layers: [NodeID: CodecLayer] = [:]
    private(set) var left: [Left] = []
    private(set) var linears: [LinearLayer] = []

    /// Longer rows are left float: the moments take the square of it.
    private static let longestRow = 4_608

    init(_ graph: Graph, _ facts: GraphFacts) throws(CNNOptError) {
        for id in graph.nodeIDs {
            guard let linear = try LinearLayer(id, graph, facts) else { continue }
            linears.append(linear)
            switch Self.layer(linear, graph, facts) {
            case .success(let layer): layers[id] = layer
            case .failure(let reason):
                left.append(
                    Left(
                        name: graph.displayName(id),
                        operatorName: graph[id].operatorName.description,
                        reason: reason.text
                    )
                )
            }
        }
    }

    /// Why a layer cannot be put on a grid.
    private struct Reason: Error { let text: String }

    private static func layer(_ linear: LinearLayer, _ graph: Graph, _ facts: GraphFacts) -> Result<CodecLayer, Reason>
    {
        guard let weight = graph.constant(linear.weight) else {
            return .failure(Reason(text: "its weight is computed, not stored"))
        }
        guard weight.elementType == .float32 else {
            return .failure(Reason(text: "its weight is \(weight.elementType.onnxName)"))
        }
        let isFinite = try? weight.withElements(Float.self) { (elements) throws(CNNOptError) in
            elements.allSatisfy { $0.isFinite }
        }
        guard isFinite == true else { return .failure(Reason(text: "its weight holds numbers that are not finite")) }
        guard graph[linear.weight].uses.count == 1, !graph[linear.weight].isGraphOutput else {
            return .failure(Reason(text: "its weight is used elsewhere too"))
        }
        guard let rows = LayerRows(linear, weight: weight, facts.site(linear.node, graph)) else {
            return .failure(Reason(text: "its form is not one whose inputs are gathered"))
        }
        guard rows.rowLength <= longestRow else {
            return .failure(Reason(text: "its rows of \(rows.rowLength) weights are too long"))
        }
        var (bias, shape): (ValueID?, [Int]) = (nil, [])
        if let own = linear.bias, let data = graph.constant(own), data.elementType == .float32,
            data.count == rows.groups * rows.outputs, graph[own].uses.count == 1, !graph[own].isGraphOutput
        {
            (bias, shape) = (own, data.shape)
        }
        return .success(CodecLayer(linear: linear, rows: rows, weight: weight, bias: bias, biasShape: shape))
    }
}

/// What the trials of one job have in common: the layers, the images, and what the gradients say.
struct CodecWork {
    let model: Model
    let facts: GraphFacts
    let context: PassContext
    let feed: ValueID
    let batches: [TensorData]
    let sampleCount: Int
    let shares: GradientShares
    let layers: [NodeID: CodecLayer]
    private(set) var notes: [String] = []

    /// Made-up images say less than real ones: more of them say little that is new.
    private static let mostMadeUp = 128

    init(_ model: Model, _ facts: GraphFacts, _ found: CodecLayers, _ context: PassContext) throws(CNNOptError) {
        self.model = model
        self.context = context
        self.facts = facts
        layers = found.layers
        let graph = model.graph
        feed = try graph.imageFeed()
        let resolved = try ResolvedInputs(model, context)
        notes += resolved.notes
        guard let learning = try LearningSamples(model, facts, found.linears, resolved, context) else {
            throw CNNOptError(
                .usage,
                "quant(codec) rounds weights by what images make of them, and there are none",
                remedy: "give some with --data; labels are not needed"
            )
        }
        if let note = learning.note { notes.append(note) }
        (batches, sampleCount) = try CalibrationBatches.load(
            learning.source,
            model,
            facts,
            threads: context.threads,
            most: context.calibration == nil ? Self.mostMadeUp : .max
        )
        guard sampleCount > 0 else { throw CNNOptError(.usage, "the data hold fewer images than one batch") }
        context.progress("measuring gradients", nil)
        shares = try GradientShares(
            model,
            outputs: Dictionary(
                layers.values.map { ($0.linear.output, $0.linear.form.outputChannelAxis) },
                uniquingKeysWith: { first, _ in first }
            ),
            inner: try Self.inner(graph, found.linears),
            samples: learning.source,
            context
        )
        if let note = shares.note { notes.append(note) }
    }

    /// The values that some layer depends on.
    private static func inner(_ graph: Graph, _ layers: [LinearLayer]) throws(CNNOptError) -> Set<ValueID> {
        let nodes = Set(layers.map(\.node))
        var values: Set<ValueID> = []
        for id in try graph.topologicalOrder().reversed() {
            let node = graph[id]
            guard nodes.contains(id) || node.outputs.contains(where: { $0.map(values.contains) ?? false }) else {
                continue
            }
            values.formUnion(node.inputs.compactMap { $0 })
        }
        return values
    }

    /// All weights that are put on grids.
    var weightCount: Int { layers.values.reduce(0) { $0 + $1.weight.count } }

    /// The model with the outcomes of a trial.
    func applying(_ outcomes: [CodecTrial.Outcome]) throws(CNNOptError) -> Model {
        var result = model
        var patch = Patch(model.graph, author: QuantizePass.info.name)
        for outcome in outcomes {
            patch.setConstant(outcome.layer.linear.weight, outcome.weight)
            if let bias = outcome.layer.bias, let data = outcome.bias { patch.setConstant(bias, data) }
        }
        try result.graph.apply(patch)
        for outcome in outcomes { result.graph.setEncoding(outcome.encoding, of: outcome.layer.linear.weight) }
        return result
    }
}
