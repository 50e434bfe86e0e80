import GraphIR
import Operators
import Tensors

/// Gives a node stored tensors for inputs that are computed at run time, where its operator says that they do the same. The
/// nodes that computed them (Shape → Gather → Concat before a Reshape) are then dead.
enum StoreShapes: RewriteRule {
    static let name = "computed shapes stored"

    static func match(_ place: RewritePlace, _ graph: Graph, _ facts: GraphFacts) throws(CNNOptError) -> Rewriting? {
        let (id, site, definition) = (place.id, place.site, place.definition)
        guard let storable = try? definition.storableInputs(site), !storable.isEmpty
        else { return nil }
        var node = graph[id]
        var patch = Patch(graph, author: "simplify")
        for (port, data) in storable.sorted(by: { $0.key < $1.key }) {
            guard node.inputs.indices.contains(port), let input = node.inputs[port],
                graph[input].producer != nil, facts.constant(input, graph) == nil
            else { continue }
            node.inputs[port] = patch.addConstant("\(graph.displayName(id))_shape", data, in: graph)
        }
        guard !patch.isEmpty else { return nil }
        patch.replaceNode(id, with: node)
        return Rewriting(patch)
    }
}
