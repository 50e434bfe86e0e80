import GraphIR
import Operators
import Tensors

/// Makes the output of a node without inputs an initialiser of the same name.
enum StoreConstants: RewriteRule {
    static let name = "constant nodes stored as initialisers"

    static func match(_ id: NodeID, _ graph: Graph, _ facts: GraphFacts) throws(CNNOptError) -> Rewriting? {
        let node = graph[id]
        guard node.inputs.allSatisfy({ $0 == nil }), node.outputs.count == 1, let output = node.outputs[0],
            !graph[output].isGraphOutput, let definition = facts.definition(id, graph),
            !definition.traits.contains(.isImpure), let data = facts.constant(output, graph)
        else { return nil }
        var patch = Patch(graph, author: "simplify")
        patch.removeNode(id)
        patch.setConstant(output, data)
        return Rewriting(patch)
    }
}
