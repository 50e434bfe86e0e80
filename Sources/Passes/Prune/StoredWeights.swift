import Execution
import GraphIR
import Operators
import Tensors

/// The tensors that layers are made of: stored ones, and those computed from stored ones alone (dequantised weights).
struct StoredWeights {
    private(set) var tensors: [ValueID: TensorData] = [:]

    /// - Parameter layers: whose weights are wanted; scales of normalisations are found as well.
    init(_ model: Model, _ facts: GraphFacts, _ layers: [LinearLayer]) throws(CNNOptError) {
        let graph = model.graph
        var wanted = layers.map(\.weight)
        for id in graph.nodeIDs where facts.definition(id, graph)?.traits.contains(.isChannelAffine) == true {
            if let scale = graph[id].inputs.dropFirst().first ?? nil { wanted.append(scale) }
        }
        var computed: [ValueID] = []
        for id in Set(wanted).sorted() {
            if let data = facts.constant(id, graph) {
                if data.elementType.isFloat { tensors[id] = data }
            } else if Self.dependsOnConstantsAlone(id, graph, facts) {
                computed.append(id)
            }
        }
        guard !computed.isEmpty else { return }
        let results = try ExecutionPlan(model, facts: facts, targets: computed).run([:], threads: 1)
        for (id, tensor) in zip(computed, results) where tensor.elementType.isFloat { tensors[id] = tensor }
    }

    private static func dependsOnConstantsAlone(_ id: ValueID, _ graph: Graph, _ facts: GraphFacts) -> Bool {
        var open = [id]
        var seen: Set<ValueID> = []
        while let next = open.popLast() {
            guard seen.insert(next).inserted, facts.constant(next, graph) == nil else { continue }
            guard let producer = graph[next].producer?.node,
                let definition = facts.definition(producer, graph), !definition.traits.contains(.isImpure),
                graph[producer].subgraphs.isEmpty
            else { return false }
            open += graph[producer].inputs.compactMap { $0 }
        }
        return true
    }
}
