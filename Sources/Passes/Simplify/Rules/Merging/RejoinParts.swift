import GraphIR
import Operators
import Tensors

/// x → Split → all parts in their order → Concat along the same axis becomes x → Identity.
enum RejoinParts: RewriteRule {
    static let name = "parts that are joined again left whole"

    static func starts(from definition: any Operator.Type) -> Bool { definition.traits.contains(.joins) }

    static func match(_ place: RewritePlace, _ graph: Graph, _ facts: GraphFacts) throws(CNNOptError) -> Rewriting? {
        guard case .concatenation(let axis)? = try? place.definition.computation(place.site),
            let first = place.site.node.inputs.first ?? nil, let producer = graph[first].producer?.node,
            let definition = facts.definition(producer, graph),
            case .split(axis: axis, sizes: let sizes)? = try? definition.computation(facts.site(producer, graph)),
            let whole = graph[producer].inputs.first ?? nil,
            graph[producer].outputs.count == sizes.count, place.site.node.inputs == graph[producer].outputs
        else { return nil }
        var node = Node("Identity", inputs: [whole], outputs: place.site.node.outputs)
        node.name = place.site.node.name
        var patch = Patch(graph, author: "simplify")
        patch.replaceNode(place.id, with: node)
        return Rewriting(patch)
    }
}
