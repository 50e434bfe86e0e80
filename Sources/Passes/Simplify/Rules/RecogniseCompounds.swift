import GraphIR
import Operators
import Tensors

/// Puts one operator in the place of those that spell it out, where the operator set has it:
/// x · clamp(x + 3, 0, 6) / 6 → HardSwish(x).
///
/// Operators say themselves how they are spelt out (`Operator.compounds`). Nothing else may use what is computed on the way.
enum RecogniseCompounds: RewriteRule {
    static let name = "spelt out operators recognised"
    static let changesRounding = true

    /// All ways to spell out all operators.
    private static let forms: [(definition: any Operator.Type, compound: Compound)] = OperatorRegistry.standard
        .operators
        .values.sorted { $0.schema.name.description < $1.schema.name.description }
        .flatMap { definition in definition.compounds.map { (definition, $0) } }

    static func starts(from definition: any Operator.Type) -> Bool {
        forms.contains { $0.compound.pattern.mayEnd(in: definition) }
    }

    static func match(_ place: RewritePlace, _ graph: Graph, _ facts: GraphFacts) throws(CNNOptError) -> Rewriting? {
        guard place.site.node.outputs.count == 1, let output = place.site.node.outputs.first ?? nil else { return nil }
        let type = facts.type(output)
        // Runtimes have few of these operators for doubles, and in halves the roundings on the way are part of the answer.
        guard type.elementType == .float32, type.rank != nil else { return nil }
        for (definition, compound) in forms where compound.pattern.mayEnd(in: place.definition) {
            guard let since = definition.schema.versions.first, since <= place.site.opset else { continue }
            var search = CompoundSearch(graph, facts)
            guard (try? search.fits(compound.pattern, output)) == true,
                let attributes = (try? compound.attributes(search.match)) ?? nil,
                search.isClosed(exceptFor: place.id),
                let inputs = search.inputs
            else { continue }
            return try larger(search.nodes, output, place.options, graph, facts)
                ?? rewriting(place, definition, inputs, attributes, search.nodes, graph)
        }
        return nil
    }

    /// What the only user of the output ends, where that takes in all these nodes: a normalisation without its shift is one too.
    private static func larger(
        _ nodes: Set<NodeID>,
        _ output: ValueID,
        _ options: SimplifyOptions,
        _ graph: Graph,
        _ facts: GraphFacts
    ) throws(CNNOptError) -> Rewriting? {
        guard graph.isInner(output), graph[output].uses.count == 1, let user = graph[output].uses.first?.node,
            let definition = facts.definition(user, graph), starts(from: definition)
        else { return nil }
        let place = RewritePlace(
            id: user,
            site: facts.site(user, graph),
            definition: definition,
            options: options
        )
        guard let rewriting = try match(place, graph, facts) else { return nil }
        return nodes.isSubset(of: rewriting.patch.changedNodes) ? rewriting : nil
    }

    private static func rewriting(
        _ place: RewritePlace,
        _ definition: any Operator.Type,
        _ inputs: [ValueID],
        _ attributes: [Attribute],
        _ nodes: Set<NodeID>,
        _ graph: Graph
    ) -> Rewriting {
        var node = graph[place.id]
        node.operatorType = definition.schema.name.type
        node.inputs = inputs
        node.attributes = attributes
        var patch = Patch(graph, author: "simplify")
        patch.replaceNode(place.id, with: node)
        for other in nodes.sorted() where other != place.id { patch.removeNode(other) }
        return Rewriting(patch, changed: (place.id, "recognised in \(nodes.count) nodes"))
    }
}

extension CompoundSearch {
    /// Whether only covered nodes use what the covered nodes compute, but for the last one.
    fileprivate func isClosed(exceptFor last: NodeID) -> Bool {
        nodes.contains(last) && nodes.count > 1
            && nodes.allSatisfy { node in
                node == last
                    || graph[node].outputs.allSatisfy { output in
                        guard let output else { return true }
                        return graph.isInner(output) && graph[output].uses.allSatisfy { nodes.contains($0.node) }
                    }
            }
    }

    /// The operands in order; nil where one is missing between others.
    fileprivate var inputs: [ValueID]? {
        let inputs = (0..<operands.count).compactMap { operands[$0] }
        return inputs.count == operands.count ? inputs : nil
    }
}

extension CompoundPattern {
    /// Whether an operator can be the last one of the pattern, as far as can be told without a site.
    fileprivate func mayEnd(in definition: any Operator.Type) -> Bool {
        switch self {
        case .operand, .number, .anyNumber: false
        case .node(let wanted, _, _): definition == wanted
        case .sum, .product: definition is any BinaryOperator.Type
        case .clamp: definition.traits.contains(.elementwise) && !(definition is any BinaryOperator.Type)
        }
    }
}
