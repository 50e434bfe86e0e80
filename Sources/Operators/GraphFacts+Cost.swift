import GraphIR
import Tensors

/// What one run of a node or a graph costs, with what is inside it.
package struct ExpandedCost: Sendable, Hashable {
    /// Multiply-accumulates of the operators that are known; nil where a needed shape is unknown.
    package var macs: Int? = 0
    /// Nodes of operators that this build does not know.
    package var unknownNodes = 0

    package init(macs: Int? = 0, unknownNodes: Int = 0) {
        self.macs = macs
        self.unknownNodes = unknownNodes
    }
}

extension GraphFacts {
    /// The cost of a node: the sum over the nodes of a function that it calls, and what an operator says of the graphs in it.
    package func cost(_ id: NodeID, _ graph: Graph) throws(CNNOptError) -> ExpandedCost {
        if let call = calls[id] { return call.cost }
        guard let definition = definition(id, graph) else { return ExpandedCost(unknownNodes: 1) }
        let site = site(id, graph)
        var cost = ExpandedCost(macs: try definition.cost(site)?.macs)
        for body in site.bodies.values { cost.unknownNodes += body.cost.unknownNodes }
        return cost
    }

    /// The cost of running a graph once that these facts are of.
    package func cost(_ graph: Graph) throws(CNNOptError) -> ExpandedCost {
        var total = ExpandedCost()
        for id in graph.nodeIDs {
            // A node that contradicts itself in a graph that may never run counts nothing.
            if failures[id] != nil { continue }
            let cost = try cost(id, graph)
            total.unknownNodes += cost.unknownNodes
            if let sum = total.macs, let macs = cost.macs {
                let (next, overflow) = sum.addingReportingOverflow(macs)
                total.macs = overflow ? nil : next
            } else {
                total.macs = nil
            }
        }
        return total
    }
}
