import GraphIR
import Operators
import Tensors

/// Takes a Pad into the padding of the operator behind it: zeros into a convolution or an AveragePool, −∞ into a MaxPool, also
/// zeros where what is padded holds nothing below zero.
enum AbsorbPadding: RewriteRule {
    static let name = "paddings taken into the operator behind"

    static func match(_ place: RewritePlace, _ graph: Graph, _ facts: GraphFacts) throws(CNNOptError) -> Rewriting? {
        let (id, site, definition) = (place.id, place.site, place.definition)
        guard let data = site.node.inputs.first ?? nil,
            graph.isInner(data), graph[data].uses.count == 1, let producer = graph[data].producer, producer.port == 0,
            let source = graph[producer.node].inputs.first ?? nil,
            facts.definition(producer.node, graph)?.traits.contains(.elementwise) == false,
            let filling = try? facts.definition(producer.node, graph)?.filling(facts.site(producer.node, graph)),
            let edit = try? definition.padding(
                site,
                by: filling,
                isNonNegative: isNonNegative(source, graph, facts)
            )
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
    /// Whether a value comes from a clamp to an interval from zero on, perhaps moved around since.
    private static func isNonNegative(_ value: ValueID, _ graph: Graph, _ facts: GraphFacts) -> Bool {
        var value = value
        for _ in 0..<longestMove {
            guard let producer = graph[value].producer, producer.port == 0,
                let definition = facts.definition(producer.node, graph),
                let traits = try? definition.traits(facts.site(producer.node, graph))
            else { return false }
            if traits.contains(.isRectifier) { return true }
            let inputs = graph[producer.node].inputs
            guard traits.contains(.movesData), inputs.count == 1, let source = inputs[0] else { return false }
            value = source
        }
        return false
    }

    /// Nodes that are looked through.
    private static let longestMove = 8
}
