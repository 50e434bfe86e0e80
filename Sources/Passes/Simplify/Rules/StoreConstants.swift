import GraphIR
import Operators
import Tensors

/// Makes the output of a node without inputs an initialiser of the same name.
enum StoreConstants: RewriteRule {
    static let name = "constant nodes stored as initialisers"

    static func match(_ place: RewritePlace, _ graph: Graph, _ facts: GraphFacts) throws(CNNOptError) -> Rewriting? {
        let (id, site, definition) = (place.id, place.site, place.definition)
        guard site.node.inputs.allSatisfy({ $0 == nil }), site.node.outputs.count == 1,
            let output = site.node.outputs[0],
            !graph[output].isGraphOutput, !definition.traits.contains(.isImpure),
            let data = facts.constant(output, graph)
        else { return nil }
        var patch = Patch(graph, author: "simplify")
        patch.removeNode(id)
        patch.setConstant(output, data)
        return Rewriting(patch)
    }
}
