import GraphIR
import Operators
import Tensors

/// Concat(a, Concat(b, c), d) along one axis becomes Concat(a, b, c, d), where nobody else reads the inner one.
enum MergeConcatenations: RewriteRule {
    static let name = "concatenations merged"

    static func starts(from definition: any Operator.Type) -> Bool { definition.traits.contains(.joins) }

    static func match(_ place: RewritePlace, _ graph: Graph, _ facts: GraphFacts) throws(CNNOptError) -> Rewriting? {
        guard case .concatenation(let axis)? = try? place.definition.computation(place.site) else { return nil }
        var patch = Patch(graph, author: "simplify")
        var inputs: [ValueID?] = []
        var text: String?
        for case let part? in place.site.node.inputs {
            guard graph.isInner(part), graph[part].uses.count == 1, let inner = graph[part].producer?.node,
                case .concatenation(axis: axis)? = try? facts.definition(inner, graph)?.computation(
                    facts.site(inner, graph)
                )
            else {
                inputs.append(part)
                continue
            }
            inputs += graph[inner].inputs
            patch.removeNode(inner)
            text = "took in Concat '\(graph.displayName(inner))'"
        }
        guard let text else { return nil }
        var node = place.site.node
        node.inputs = inputs
        patch.replaceNode(place.id, with: node)
        return Rewriting(patch, changed: (place.id, text))
    }
}
