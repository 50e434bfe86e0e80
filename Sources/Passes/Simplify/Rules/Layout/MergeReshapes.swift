import GraphIR
import Operators
import Tensors

/// Makes one Reshape of two nodes that keep the elements in order: Reshape, Flatten, Squeeze, Unsqueeze, and a Transpose that
/// moves axes of size 1 alone.
///
/// x → Flatten → Reshape(−1, 8, 1) becomes x → Reshape(−1, 8, 1): a target without copied sizes says the same whatever the shape
/// in between was. x → Squeeze → Unsqueeze becomes x → Reshape(0, 8, −1), where the output's shape can be written with the sizes
/// of x and one open size at most.
///
/// A value in between that others need too stays, unless all of them are such nodes.
enum MergeReshapes: RewriteRule {
    static let name = "consecutive reshapes merged"

    static func starts(from definition: any Operator.Type) -> Bool {
        !definition.traits.isDisjoint(with: [.reshapes, .permutes])
    }

    /// Users of a value that are looked at: each of them looks at all others.
    private static let mostUsers = 32

    static func match(_ place: RewritePlace, _ graph: Graph, _ facts: GraphFacts) throws(CNNOptError) -> Rewriting? {
        let (id, site) = (place.id, place.site)
        guard site.opset >= 5, keepsOrder(place.definition, site), let between = site.node.inputs.first ?? nil,
            graph.isInner(between), graph[between].uses.count <= mostUsers,
            let producer = graph[between].producer,
            let earlier = facts.definition(producer.node, graph),
            keepsOrder(earlier, facts.site(producer.node, graph)),
            let source = graph[producer.node].inputs.first ?? nil
        else { return nil }
        for use in graph[between].uses where use.node != id {
            guard use.port == 0, let other = facts.definition(use.node, graph),
                keepsOrder(other, facts.site(use.node, graph))
            else { return nil }
        }
        var patch = Patch(graph, author: "simplify")
        var node = site.node
        node.inputs[0] = source
        if ((try? place.definition.reshapeTarget(site)) ?? nil) == nil {
            guard let from = facts.type(source).shape, let to = site.outputType(0).shape,
                let target = target(from, to)
            else { return nil }
            node.operatorType = "Reshape"
            node.attributes = []
            let stored = try TensorData(target.map(Int64.init))
            node.inputs = [source, patch.addConstant("\(graph.displayName(id))_shape", stored, in: graph)]
        }
        patch.replaceNode(id, with: node)
        if graph[between].uses.count == 1 { patch.removeNode(producer.node) }
        let text = "took in \(graph[producer.node].operatorName) '\(graph.displayName(producer.node))'"
        return Rewriting(patch, changed: (id, text))
    }

    /// Whether the first output has the first input's elements in the same order.
    private static func keepsOrder(_ definition: any Operator.Type, _ site: OperatorSite) -> Bool {
        if definition.traits.contains(.reshapes) { return true }
        guard case .transposition(let order)? = try? definition.computation(site), let shape = site.shape(0),
            shape.count == order.count
        else { return false }
        let long = order.filter { shape[$0] != .known(1) }
        return long == long.sorted()
    }

    /// A target that makes the shape `to` of the shape `from`: 0 copies a size that is the same symbol in both.
    private static func target(_ from: Shape, _ to: Shape) -> [Int]? {
        var target: [Int] = []
        for (axis, dimension) in to.enumerated() {
            if let size = dimension.size {
                // Written down, a size of 0 would copy.
                guard size > 0 else { return nil }
                target.append(size)
            } else if case .symbol = dimension, axis < from.count, from[axis] == dimension {
                target.append(0)
            } else {
                target.append(-1)
            }
        }
        return target.count { $0 == -1 } <= 1 ? target : nil
    }
}
