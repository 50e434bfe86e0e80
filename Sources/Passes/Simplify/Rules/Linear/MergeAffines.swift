import GraphIR
import Operators
import Tensors

/// Makes one scale and shift of two that follow each other: Mul → Mul, Add → Sub, Mul → BatchNormalization,
/// BatchNormalization → BatchNormalization… The numbers are joined in double precision and stored where the one that stays
/// has its own.
enum MergeAffines: RewriteRule {
    static let name = "scales and shifts merged"
    static let changesRounding = true

    static func starts(from definition: any Operator.Type) -> Bool {
        definition is any BinaryOperator.Type || definition.traits.contains(.isChannelAffine)
    }

    static func match(_ place: RewritePlace, _ graph: Graph, _ facts: GraphFacts) throws(CNNOptError) -> Rewriting? {
        guard place.site.node.inputs.contains(where: { $0.flatMap(graph.soleProducer) != nil }),
            graph.hasOneOutput(place.id), let second = (try? place.definition.channelAffine(place.site)) ?? nil,
            place.site.node.inputs.indices.contains(second.dataPort),
            let between = place.site.node.inputs[second.dataPort],
            let producer = graph.soleProducer(between), let definition = facts.definition(producer, graph)
        else { return nil }
        let site = facts.site(producer, graph)
        guard let first = (try? definition.channelAffine(site)) ?? nil, let both = first.followed(by: second),
            first.keepsFractions, second.keepsFractions,
            site.node.inputs.indices.contains(first.dataPort)
        else { return nil }
        var patch = Patch(graph, author: "simplify")
        if let inputs = (try? place.definition.storing(both, place.site)) ?? nil, inputs.areFinite {
            var node = graph[place.id]
            node.inputs[second.dataPort] = site.node.inputs[first.dataPort]
            patch.store(inputs, in: &node, place.id, graph)
            patch.replaceNode(place.id, with: node)
            patch.removeNode(producer)
            return Rewriting(patch, changed: (place.id, "took in \(site.node.operatorName) '\(site.name)'"))
        }
        guard let inputs = (try? definition.storing(both, site)) ?? nil, inputs.areFinite else { return nil }
        var node = graph[producer]
        patch.store(inputs, in: &node, producer, graph)
        node.outputs = [place.site.node.outputs.first ?? nil]
        patch.replaceNode(producer, with: node)
        patch.removeNode(place.id)
        return Rewriting(patch, changed: (producer, "took in \(place.site.node.operatorName) '\(place.site.name)'"))
    }
}

extension Patch {
    /// Gives a node other stored inputs.
    fileprivate mutating func store(_ inputs: [Int: TensorData], in node: inout Node, _ id: NodeID, _ graph: Graph) {
        for (port, data) in inputs.sorted(by: { $0.key < $1.key }) where node.inputs.indices.contains(port) {
            node.inputs[port] = store(
                data,
                over: node.inputs[port],
                usedBy: id,
                stem: "\(graph.displayName(id))_\(port)",
                in: graph
            )
        }
    }
}

extension [Int: TensorData] {
    fileprivate var areFinite: Bool { values.allSatisfy { $0.isFinite } }
}
