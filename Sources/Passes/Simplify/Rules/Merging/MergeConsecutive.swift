import GraphIR
import Operators
import Tensors

/// Makes one node of two that follow each other, where an operator knows how; both of nothing where they undo each other.
///
/// | before | after |
/// | --- | --- |
/// | x → Transpose(p) → Transpose(q) | x → Transpose(p∘q), or x |
/// | x → Slice → Slice | x → Slice |
/// | x → Pad → Pad, both of one constant or of edges | x → Pad |
/// | x → Cast → Cast, where the type in between loses nothing | x → Cast, or x |
/// | x → Relu or Clip → Relu or Clip | x → Clip, or Relu |
/// | x → Unsqueeze → Squeeze of the same axes, and the other way round | x |
enum MergeConsecutive: RewriteRule {
    static let name = "consecutive nodes merged"

    static func starts(from definition: any Operator.Type) -> Bool { definition is any MergingOperator.Type }

    static func match(_ place: RewritePlace, _ graph: Graph, _ facts: GraphFacts) throws(CNNOptError) -> Rewriting? {
        if let found = merge(place.id, place.site, place.definition, graph, facts) { return found }
        // The earlier of two may be the one of which more is known than before.
        guard let output = place.site.node.outputs.first ?? nil, graph.isInner(output), graph[output].uses.count == 1,
            let user = graph[output].uses.first?.node,
            let definition = facts.definition(user, graph), definition is any MergingOperator.Type
        else { return nil }
        return merge(user, facts.site(user, graph), definition, graph, facts)
    }

    private static func merge(
        _ id: NodeID,
        _ site: OperatorSite,
        _ definition: any Operator.Type,
        _ graph: Graph,
        _ facts: GraphFacts
    ) -> Rewriting? {
        guard let data = site.node.inputs.first ?? nil, let producer = graph[data].producer, producer.port == 0,
            site.node.outputs.count == 1, let output = site.node.outputs[0],
            graph[output].isGraphOutput || !graph[output].uses.isEmpty, graph[producer.node].outputs.count == 1,
            let earlier = facts.definition(producer.node, graph), earlier is any MergingOperator.Type,
            let merging = definition as? any MergingOperator.Type,
            let merged = (try? merging.merged(site, after: facts.site(producer.node, graph), of: earlier)) ?? nil
        else { return nil }
        let isOnlyUse = graph.isInner(data) && graph[data].uses.count == 1
        // Where others need the value in between, only a node that vanishes is worth it.
        guard isOnlyUse || merged.isNothing else { return nil }

        var patch = Patch(graph, author: "simplify")
        let source = graph[producer.node]
        var node = site.node
        node.operatorType = merged.operatorType
        node.attributes = merged.attributes
        node.inputs = merged.inputs.map { operand -> ValueID? in
            switch operand {
            case nil: nil
            case .earlier(let port): source.inputs.indices.contains(port) ? source.inputs[port] : nil
            case .later(let port): site.node.inputs.indices.contains(port) ? site.node.inputs[port] : nil
            case .constant(let data, let stem):
                patch.addConstant("\(graph.displayName(id))_\(stem)", data, in: graph)
            }
        }
        patch.replaceNode(id, with: node)
        guard isOnlyUse else { return Rewriting(patch) }
        let text = "took in \(source.operatorName) '\(graph.displayName(producer.node))'"
        patch.removeNode(producer.node)
        return Rewriting(patch, changed: (id, text))
    }
}
