import GraphIR
import Operators
import Tensors

/// Stores the outputs of a node that can be computed now: all its inputs are stored, or shape arithmetic knows every element.
///
/// Quantised weights stay quantised, and nothing is stored that takes over 1 MiB more than the tensors it replaces.
enum FoldConstants: RewriteRule {
    static let name = "constants folded"

    static func starts(from definition: any Operator.Type) -> Bool {
        definition.traits.isDisjoint(with: [.isImpure, .isQuantization])
    }

    /// Bytes by which the model may grow for one node.
    private static let growthLimit = 1 << 20

    static func match(_ place: RewritePlace, _ graph: Graph, _ facts: GraphFacts) throws(CNNOptError) -> Rewriting? {
        let (id, site, definition) = (place.id, place.site, place.definition)
        guard site.node.inputs.contains(where: { $0 != nil }), !site.node.hasSubgraphs,
            definition.traits.isDisjoint(with: [.isImpure, .isQuantization])
        else { return nil }
        // Only used outputs matter; an output of the graph has to come from a node.
        let wanted = site.node.outputs.indices.filter { port in
            guard let output = site.node.outputs[port] else { return false }
            return graph[output].isGraphOutput || !graph[output].uses.isEmpty
        }
        let outputs = wanted.compactMap { site.node.outputs[$0] }
        guard !outputs.isEmpty, !outputs.contains(where: { graph[$0].isGraphOutput }) else { return nil }

        var results: [TensorData] = []
        for output in outputs {
            guard let known = knownTensor(output, facts) else { break }
            results.append(known)
        }
        if results.count < outputs.count {
            guard let computed = try compute(place, graph, facts, outputs) else { return nil }
            results = []
            for port in wanted {
                guard computed.indices.contains(port) else { return nil }
                results.append(computed[port])
            }
        }

        var patch = Patch(graph, author: "simplify")
        patch.removeNode(id)
        for (output, data) in zip(outputs, results) { patch.setConstant(output, data) }
        return Rewriting(patch)
    }

    /// The tensor of a value whose elements shape arithmetic knows.
    private static func knownTensor(_ id: ValueID, _ facts: GraphFacts) -> TensorData? {
        guard let known = facts.shapeElements(id), let values = known.elements.knownValues else { return nil }
        let type = facts.type(id)
        let shape = known.isScalar ? [] : [values.count]
        guard type.sizes ?? shape == shape else { return nil }
        switch type.elementType {
        case .int64: return try? TensorData(values.map(Int64.init), shape: shape)
        case .int32:
            let narrow = values.compactMap(Int32.init(exactly:))
            return narrow.count == values.count ? try? TensorData(narrow, shape: shape) : nil
        default: return nil
        }
    }

    private static func compute(
        _ place: RewritePlace,
        _ graph: Graph,
        _ facts: GraphFacts,
        _ outputs: [ValueID]
    ) throws(CNNOptError) -> [TensorData]? {
        let growthLimit = place.options.foldsLarge ? MemoryBudget.largestAllocation / 2 : growthLimit
        var inputs: [TensorData?] = []
        var freed = 0
        for input in graph[place.id].inputs {
            guard let input else {
                inputs.append(nil)
                continue
            }
            guard let data = facts.constant(input, graph) else { return nil }
            inputs.append(data)
            if graph[input].uses.allSatisfy({ $0.node == place.id }), !graph[input].isGraphOutput {
                freed += data.byteCount
            }
        }
        // Sizes come first: a hostile shape must not take memory.
        var needed = 0
        for output in outputs {
            let type = facts.type(output)
            guard let element = type.elementType, let sizes = type.sizes,
                let bytes = try? TensorData.byteCount(element, sizes).bytes, bytes <= growthLimit + freed - needed
            else { return nil }
            needed += bytes
        }
        // What a kernel refuses is left for the run to report, if it ever gets there.
        return try? place.definition.reference(place.site).run(inputs, threads: 1)
    }
}
