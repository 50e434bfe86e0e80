import GraphIR
import Operators
import Tensors

/// Removes a node that computes what another one has computed already: same operator, attributes and inputs, where stored
/// inputs are the same if their elements are.
enum MergeDuplicates: RewriteRule {
    static let name = "repeated computations merged"

    static func match(_ id: NodeID, _ graph: Graph, _ facts: GraphFacts) throws(CNNOptError) -> Rewriting? {
        let node = graph[id]
        guard let definition = facts.definition(id, graph), !definition.traits.contains(.isImpure),
            node.subgraphs.isEmpty,
            let computed = node.inputs.lazy.compactMap({ $0 }).first(where: { graph[$0].constant == nil })
        else { return nil }
        for use in graph[computed].uses where use.node != id && use.port != nil {
            guard isEqual(node, graph[use.node], graph) else { continue }
            // The earlier one stays, so that nodes remain sorted.
            guard let first = graph.nodeIDs.first(where: { $0 == id || $0 == use.node }) else { return nil }
            let second = first == id ? use.node : id
            let (kept, removed) = (graph[first].outputs, graph[second].outputs)
            var patch = Patch(graph, author: "simplify")
            var isPossible = true
            for (port, output) in removed.enumerated() {
                guard let output, graph[output].isGraphOutput || !graph[output].uses.isEmpty else { continue }
                guard graph.isInner(output), kept.indices.contains(port), let twin = kept[port] else {
                    isPossible = false
                    break
                }
                patch.redirectUses(of: output, to: twin)
            }
            guard isPossible else { continue }
            patch.removeNode(second)
            return Rewriting(patch)
        }
        return nil
    }

    private static func isEqual(_ a: Node, _ b: Node, _ graph: Graph) -> Bool {
        guard a.operatorName == b.operatorName, a.inputs.count == b.inputs.count,
            a.attributes.count == b.attributes.count
        else { return false }
        for attribute in a.attributes {
            guard let other = b.attribute(attribute.name), attribute.isIdentical(to: other) else { return false }
        }
        return zip(a.inputs, b.inputs).allSatisfy { x, y in
            if x == y { return true }
            guard let p = graph.constant(x), let q = graph.constant(y) else { return false }
            return p.isIdentical(to: q)
        }
    }
}

extension Attribute {
    /// Whether both certainly mean the same; graphs and kinds that are carried through unread are never compared.
    fileprivate func isIdentical(to other: Attribute) -> Bool {
        guard reference == other.reference else { return false }
        switch (value, other.value) {
        case (.float(let a), .float(let b)): return a.bitPattern == b.bitPattern
        case (.int(let a), .int(let b)): return a == b
        case (.string(let a), .string(let b)): return a == b
        case (.floats(let a), .floats(let b)): return a.map(\.bitPattern) == b.map(\.bitPattern)
        case (.ints(let a), .ints(let b)): return a == b
        case (.strings(let a), .strings(let b)): return a == b
        case (.tensor(let a), .tensor(let b)): return a.data.isIdentical(to: b.data)
        default: return false
        }
    }
}
