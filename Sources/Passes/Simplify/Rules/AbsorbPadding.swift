import GraphIR
import Operators
import Tensors

/// Takes a Pad of zeros into the padding of the operator behind it.
enum AbsorbPadding: RewriteRule {
    static let name = "paddings taken into the operator behind"

    static func match(_ place: RewritePlace, _ graph: Graph, _ facts: GraphFacts) throws(CNNOptError) -> Rewriting? {
        let (id, site, definition) = (place.id, place.site, place.definition)
        guard let data = site.node.inputs.first ?? nil,
            graph.isInner(data), graph[data].uses.count == 1, let producer = graph[data].producer, producer.port == 0,
            let source = graph[producer.node].inputs.first ?? nil,
            facts.definition(producer.node, graph)?.traits.contains(.elementwise) == false,
            let padding = try? facts.definition(producer.node, graph)?.zeroPadding(facts.site(producer.node, graph)),
            let edit = try? definition.padding(site, by: padding)
        else { return nil }
        var node = site.node
        node.inputs[0] = source
        for attribute in edit.attributes { node.setAttribute(attribute) }
        let name = graph.displayName(producer.node)
        let operatorName = graph[producer.node].operatorName
        var patch = Patch(graph, author: "simplify")
        patch.replaceNode(id, with: node)
        patch.removeNode(producer.node)
        return Rewriting(patch, changed: (id, "took in \(operatorName) '\(name)'"))
    }
}
