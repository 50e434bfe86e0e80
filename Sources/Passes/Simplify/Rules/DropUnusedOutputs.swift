import GraphIR
import Operators
import Tensors

/// Leaves out optional outputs that nobody reads: the mask of a Dropout, the indices of a MaxPool.
enum DropUnusedOutputs: RewriteRule {
    static let name = "unused outputs dropped"

    static func starts(from definition: any Operator.Type) -> Bool {
        let (schema, traits) = (definition.schema, definition.traits)
        return schema.outputs.upperBound != .max && schema.outputs.lowerBound < schema.outputs.upperBound
            && traits.isDisjoint(with: [.isImpure, .outputsChooseMode])
    }

    static func match(_ place: RewritePlace, _ graph: Graph, _ facts: GraphFacts) throws(CNNOptError) -> Rewriting? {
        var node = place.site.node
        let required = place.definition.schema.outputs.lowerBound
        var isChanged = false
        for port in node.outputs.indices where port >= required {
            guard let output = node.outputs[port], graph.isInner(output), graph[output].uses.isEmpty else { continue }
            node.outputs[port] = nil
            isChanged = true
        }
        // One that is needed makes the node worth keeping; without any, the node itself goes.
        guard isChanged, node.outputs.contains(where: { $0 != nil }) else { return nil }
        while node.outputs.count > required, case nil? = node.outputs.last { node.outputs.removeLast() }
        var patch = Patch(graph, author: "simplify")
        patch.replaceNode(place.id, with: node)
        return Rewriting(patch)
    }
}
