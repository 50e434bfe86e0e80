import GraphIR
import Operators
import Tensors

/// A node that can become two with smaller weights.
struct LowRankLayer: Sendable {
    let node: NodeID
    let name: String
    let operatorName: String
    let definition: any Operator.Type
    let site: OperatorSite
    let weight: ValueID
    let tensor: TensorData
    let layout: WeightFactors.Layout
    let macs: Int
    /// The largest rank with fewer parameters than the weight has.
    let largestRank: Int
    /// What each unit of rank stores.
    let parametersPerRank: Int

    /// The rank that no weight of this shape exceeds.
    var fullRank: Int { min(layout.outputs, layout.inputs) }

    enum Found {
        case layer(LowRankLayer)
        /// Multiplies and adds, but is left alone for a reason.
        case left(String)
        case other
    }

    /// - Parameter facts: with all dimensions known that work is counted from.
    static func find(_ id: NodeID, _ graph: Graph, _ facts: GraphFacts) throws(CNNOptError) -> Found {
        guard let definition = facts.definition(id, graph) else { return .other }
        let site = facts.site(id, graph)
        let cost = try definition.cost(site)?.macs
        guard let form = try definition.linearForm(site), site.node.inputs.indices.contains(form.weightPort),
            let weight = site.node.inputs[form.weightPort]
        else { return cost ?? 0 > 0 ? .left("it is not one product with a stored matrix") : .other }
        if let reason = reasonToKeep(weight, graph, facts) { return .left(reason) }
        guard let tensor = site.constant(form.weightPort) else { return .left("its weight is computed") }
        guard form.groups == 1 else { return .left("its channels are in \(form.groups) groups") }
        guard [.float32, .float64, .float16, .bfloat16].contains(tensor.elementType) else {
            return .left("its weight is of type \(tensor.elementType.onnxName)")
        }
        guard let layout = WeightFactors.Layout(tensor.shape, form) else { return .left("its weight is empty") }
        guard SingularValueDecomposition.fits(rows: layout.outputs, columns: layout.inputs) else {
            return .left("a weight of \(layout.outputs) × \(layout.inputs) is too large to be decomposed")
        }
        guard try tensor.doubles().allSatisfy(\.isFinite) else {
            return .left("its weight holds numbers that are not finite")
        }
        guard let macs = cost else {
            return .left("the work that it does is not known; fix unknown dimensions with --input-shape")
        }
        // Tensors of zeros for one rank show what each takes.
        let (first, second) = (layout.first(1), layout.second(1))
        guard
            let rewrite = try definition.factored(
                site,
                first: TensorData(zeros: tensor.elementType, shape: first),
                second: TensorData(zeros: tensor.elementType, shape: second)
            )
        else { return .left("the operator cannot be split in two") }
        let perRank = try rewrite.figures(at: site, facts.registry).parameters
        let largest = (tensor.count - 1) / max(perRank, 1)
        guard largest > 0 else {
            return .left("a weight of \(layout.outputs) × \(layout.inputs) gets smaller at no rank")
        }
        return .layer(
            LowRankLayer(
                node: id,
                name: graph.displayName(id),
                operatorName: site.node.operatorName.description,
                definition: definition,
                site: site,
                weight: weight,
                tensor: tensor,
                layout: layout,
                macs: macs,
                largestRank: largest,
                parametersPerRank: perRank
            )
        )
    }

    /// Why a weight cannot be taken out of the graph; nil where it can.
    private static func reasonToKeep(_ weight: ValueID, _ graph: Graph, _ facts: GraphFacts) -> String? {
        let value = graph[weight]
        if let producer = value.producer?.node {
            if facts.definition(producer, graph)?.traits.contains(.isQuantization) == true {
                return "its weight is computed from quantised numbers; lowrank comes before quant"
            }
            // The output of a node without inputs is a stored tensor.
            guard graph[producer].inputs.isEmpty, facts.constant(weight, graph) != nil else {
                return "its weight is computed"
            }
        } else if value.constant == nil {
            return "its weight is an input"
        }
        if value.isGraphInput { return "its weight is a graph input as well; simplify first" }
        if value.isGraphOutput { return "its weight is a graph output" }
        if value.uses.count > 1 { return "its weight has \(value.uses.count) users" }
        // Quantisation annotations and the like name tensors, in fields that are carried through unread.
        return graph.residue.isEmpty ? nil : "the file may name its weight where it is not understood"
    }
}
