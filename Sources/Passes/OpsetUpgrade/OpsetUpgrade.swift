import GraphIR
import Operators
import Tensors

/// Brings a model to a later version of the default operator set: nodes whose form or meaning changed in between are
/// rewritten in meaning, then the number is raised.
package enum OpsetUpgrade {
    private static let author = "opset upgrade"

    /// The versions that a model can be brought to: from the first in which a form had to be converted to the newest known.
    package static let targets = 7...IRVersion.newestOpset

    /// Does the same as ``upgrade(_:to:allowsUnknown:)``, and says what was done.
    package static func report(_ model: inout Model, to opset: Int) throws(CNNOptError) -> PassReport {
        let (before, nodes) = (model.opset() ?? 1, model.graph.nodeCount)
        let layers = try upgrade(&model, to: opset)
        var report = PassReport(
            pass: "opset",
            summary: before < opset
                ? "operator set \(before) → \(opset), \(nodes) → \(model.graph.nodeCount) nodes"
                : "operator set \(before) stays: it is not older than \(opset)"
        )
        report.layers = layers
        return report
    }

    /// Rewrites the model for version `opset`. A model that has it, or a later one, stays as it is.
    /// - Parameter allowsUnknown: whether operators of the default domain that this build does not know may stay as they are,
    ///   in the hope that their form has not changed.
    /// - Returns: the nodes that were rewritten, for the report.
    /// - Throws: `unsupported` for an operator of the default domain that this build does not know, for one that cannot be
    ///   said in the later form.
    package static func upgrade(_ model: inout Model, to opset: Int, allowsUnknown: Bool = false) throws(CNNOptError)
        -> [PassReport.Layer]
    {
        let current = model.opset() ?? 1
        guard current < opset else { return [] }
        var conversions: [PassReport.Layer] = []
        try convert(&model.graph, GraphFacts(model), to: opset, allowsUnknown, &conversions)
        for index in model.functions.indices {
            try convert(&model.functions[index], of: model, to: opset, allowsUnknown, &conversions)
        }
        model.setOpset(opset)
        // From IR version 4 on a caller may override an initialiser that is an input; before, it was a constant.
        if (model.irVersion ?? 0) < 4 { try model.separateInitializersFromInputs(author: author) }
        if let version = IRVersion.needed(forOpset: opset), (model.irVersion ?? 0) < version {
            model.irVersion = version
        }
        try model.graph.verify()
        return conversions
    }

    /// Rewrites a function for all of its calls at once: nothing is known of its inputs. Functions have no initialisers, so
    /// lists become Constant nodes.
    private static func convert(
        _ function: inout Function,
        of model: Model,
        to opset: Int,
        _ allowsUnknown: Bool,
        _ conversions: inout [PassReport.Layer]
    ) throws(CNNOptError) {
        // A model of the function alone: its operator sets are its own.
        var shell = Model(graph: Graph())
        shell.opsetImports = function.opsetImports
        shell.functions = model.functions
        guard let current = shell.opset(), current < opset else { return }
        var body = function.body
        do {
            try convert(
                &body,
                GraphFacts(shell).insideUnknown(body),
                to: opset,
                allowsUnknown,
                &conversions
            )
        } catch {
            throw error.atNode(function.name ?? "", operatorName: "function")
        }
        var patch = Patch(body, author: author)
        for id in body.initializers {
            guard let data = body.constant(id) else { continue }
            patch.removeConstant(id)
            patch.addNode(
                Node("Constant", inputs: [], outputs: [id], attributes: [Attribute("value", .tensor(Constant(data)))]),
                after: nil
            )
        }
        if !patch.isEmpty { try body.apply(patch) }
        shell.setOpset(opset)
        function.body = body
        function.opsetImports = shell.opsetImports
    }

    /// Rewrites the nodes of a graph and the graphs inside them.
    private static func convert(
        _ graph: inout Graph,
        _ facts: GraphFacts,
        to opset: Int,
        _ allowsUnknown: Bool,
        _ conversions: inout [PassReport.Layer]
    ) throws(CNNOptError) {
        for id in try graph.topologicalOrder() {
            var node = graph[id]
            let name = graph.displayName(id)
            var hasNewGraphs = false
            for index in node.attributes.indices where !node.attributes[index].graphs.isEmpty {
                let known = facts.site(id, graph).bodies[node.attributes[index].name]?.facts
                try convert(&node.attributes[index], facts, known, to: opset, allowsUnknown, &conversions)
                hasNewGraphs = true
            }
            if hasNewGraphs {
                var patch = Patch(graph, author: author)
                patch.replaceNode(id, with: node)
                try graph.apply(patch)
            }
            guard node.operatorName.domain.isEmpty else { continue }
            try graph.leaveOutUnusedOutputs(of: id, facts.definition(id, graph)?.schema)
            guard let definition = facts.definition(id, graph) else {
                if allowsUnknown { continue }
                throw CNNOptError(
                    .unsupported,
                    "this build does not know how \(node.operatorName) changes on the way to operator set \(opset)",
                    remedy: "export the model with operator set \(opset)"
                ).atNode(name, operatorName: node.operatorName.description)
            }
            let rewrite: OperatorRewrite?
            do {
                rewrite = try definition.upgraded(facts.site(id, graph), to: opset)
            } catch {
                throw error.atNode(name, operatorName: node.operatorName.description)
            }
            guard let rewrite else { continue }
            var patch = Patch(graph, author: author)
            patch.replace(id, with: rewrite, in: graph)
            try graph.apply(patch)
            conversions.append(
                PassReport.Layer(
                    name: name,
                    operatorName: node.operatorName.description,
                    change: "as " + rewrite.steps.map(\.operatorType).joined(separator: " → ")
                        + " of operator set \(opset)"
                )
            )
        }
    }

    private static func convert(
        _ attribute: inout Attribute,
        _ outer: GraphFacts,
        _ known: GraphFacts?,
        to opset: Int,
        _ allowsUnknown: Bool,
        _ conversions: inout [PassReport.Layer]
    ) throws(CNNOptError) {
        func converted(_ graph: Graph) throws(CNNOptError) -> Graph {
            var inner = graph
            let facts = if let known { known } else { try outer.insideUnknown(graph) }
            try convert(&inner, facts, to: opset, allowsUnknown, &conversions)
            return inner
        }
        switch attribute.value {
        case .graph(let graph): attribute.value = .graph(try converted(graph))
        case .graphs(let graphs):
            var results: [Graph] = []
            for graph in graphs { results.append(try converted(graph)) }
            attribute.value = .graphs(results)
        default: break
        }
    }
}

extension Graph {
    /// Drops optional outputs at the end that nobody uses: what nobody reads need not be said in the later form.
    fileprivate mutating func leaveOutUnusedOutputs(of id: NodeID, _ schema: OperatorSchema?) throws(CNNOptError) {
        guard let schema, schema.outputs.upperBound < .max else { return }
        var node = self[id]
        while node.outputs.count > schema.outputs.lowerBound {
            if let last = node.outputs.last ?? nil, self[last].isGraphOutput || !self[last].uses.isEmpty { break }
            node.outputs.removeLast()
        }
        guard node.outputs.count < self[id].outputs.count else { return }
        var patch = Patch(self, author: "opset upgrade")
        patch.replaceNode(id, with: node)
        try apply(patch)
    }
}
