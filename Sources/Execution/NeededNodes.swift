import GraphIR
import Tensors

extension Graph {
    /// The nodes that some values need, in topological order, and all values that they take or give.
    package func nodes(neededFor targets: [ValueID]) throws(CNNOptError) -> (nodes: [NodeID], values: Set<ValueID>) {
        var needed = Set(targets)
        var kept: [NodeID] = []
        for id in try topologicalOrder().reversed()
        where self[id].outputs.contains(where: { $0.map(needed.contains) ?? false }) {
            kept.append(id)
            needed.formUnion(arguments(of: id).compactMap { $0 })
        }
        return (kept.reversed(), needed)
    }
}
