import GraphIR
import Operators
import Tensors

/// Removes a node that, as its operator says, only hands one of its inputs on.
///
/// Users of its output take the input. Where the output is one of the graph's, whose name has to stay, the node that makes
/// the input makes that output instead.
enum ForwardInputs: RewriteRule {
    static let name = "nodes without effect removed"

    static func starts(from definition: any Operator.Type) -> Bool { !definition.traits.contains(.isImpure) }

    static func match(_ place: RewritePlace, _ graph: Graph, _ facts: GraphFacts) throws(CNNOptError) -> Rewriting? {
        let (id, site, definition) = (place.id, place.site, place.definition)
        guard let output = site.node.outputs.first ?? nil, !graph.isCaptured(output)
        else { return nil }
        for case let other? in site.node.outputs.dropFirst()
        where graph[other].isGraphOutput || !graph[other].uses.isEmpty {
            return nil
        }
        // An operator that cannot tell has not said that it does nothing.
        guard let port = (try? definition.forwardedInput(site)) ?? nil,
            site.node.inputs.indices.contains(port), let input = site.node.inputs[port]
        else { return nil }

        var patch = Patch(graph, author: "simplify")
        patch.removeNode(id)
        guard graph[output].isGraphOutput else {
            patch.redirectUses(of: output, to: input)
            return Rewriting(patch)
        }
        guard graph.isInner(input), let producer = graph[input].producer else { return nil }
        var source = graph[producer.node]
        source.outputs[producer.port] = output
        patch.replaceNode(producer.node, with: source)
        patch.redirectUses(of: input, to: output)
        return Rewriting(patch)
    }
}
