import GraphIR
import Operators
import Tensors

/// Removes a node whose outputs nobody uses. Operators that this build does not know, functions
/// of the model, and impure operators stay; so do nodes with any of them inside.
enum RemoveDeadNodes: RewriteRule {
    static let name = "dead nodes removed"

    static func starts(from definition: any Operator.Type) -> Bool { !definition.traits.contains(.isImpure) }

    static func match(_ place: RewritePlace, _ graph: Graph, _ facts: GraphFacts) throws(CNNOptError) -> Rewriting? {
        let id = place.id
        guard facts.isPure(id, graph) else { return nil }
        for case let output? in graph[id].outputs where graph[output].isGraphOutput || !graph[output].uses.isEmpty {
            return nil
        }
        var patch = Patch(graph, author: "simplify")
        patch.removeNode(id)
        return Rewriting(patch)
    }
}
