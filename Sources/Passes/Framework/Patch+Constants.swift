import GraphIR
import Tensors

extension Patch {
    /// Stores new elements for a node's input: in place where the node alone uses the old ones, else as a new initialiser.
    /// - Returns: the value that the node has to use.
    package mutating func store(
        _ data: TensorData,
        over old: ValueID?,
        usedBy node: NodeID,
        stem: String,
        in graph: Graph
    ) -> ValueID {
        if let old, graph[old].constant != nil, !graph[old].isGraphOutput,
            graph[old].uses.filter({ $0.node == node && $0.port != nil }).count == 1, graph[old].uses.count == 1
        {
            setConstant(old, data)
            return old
        }
        return addConstant(stem, data, in: graph)
    }
}
