import GraphIR
import Tensors

/// Graphs inside nodes, and functions.
extension GraphFacts {
    /// Loops around a graph up to which the shapes of carried values are followed. Each further loop would multiply the
    /// work by the tries that a shape takes to settle.
    private static let followedLoops = 2

    /// The function that a node calls, with the facts of this call; nil where the node calls none.
    package func call(_ id: NodeID) -> NodeBody? { calls[id] }

    /// What was found wrong with a node of a graph that may never run.
    package func failure(_ id: NodeID) -> CNNOptError? { failures[id] }

    /// Whether a node does nothing but compute its outputs from its arguments, as far as this build can tell.
    package func isPure(_ id: NodeID, _ graph: Graph) -> Bool {
        let node = graph[id]
        guard let definition = definition(id, graph) else { return false }
        guard !definition.traits.contains(.isImpure) else { return false }
        guard !node.subgraphs.isEmpty else { return true }
        let inner = bodies[id] ?? [:]
        return inner.count == node.subgraphs.count && inner.values.allSatisfy(\.isPure)
    }

    /// The facts of a graph inside a node whose operator does not say how it is fed.
    package func insideUnknown(_ graph: Graph) throws(CNNOptError) -> GraphFacts {
        var inner = scope
        inner.isConditional = true
        return try GraphFacts(graph, inner, registry, known: [:], isShapeDeclared: true)
    }

    mutating func inferCall(_ id: NodeID, _ function: Function, _ graph: Graph) throws(CNNOptError) {
        let site = site(id, graph)
        let operatorName = site.node.operatorName.description
        do throws(CNNOptError) {
            let body = try function.body(for: site.node)
            var inner = scope
            inner.path = site.name + "/"
            inner.opsets.merge(Scope.opsets(function.opsetImports)) { _, own in own }
            var known: [ValueID: OperatorSite.Input] = [:]
            for (value, input) in zip(body.inputs, site.inputs) { known[value] = input }
            let facts = try GraphFacts(body, inner, registry, known: known, isShapeDeclared: true)
            calls[id] = NodeBody(graph: body, facts: facts)
            for (result, output) in zip(body.outputs, site.node.outputs) {
                guard let output else { continue }
                types[output.index] = facts.type(result).completed(by: types[output.index] ?? TensorType(nil, nil))
                elements[output.index] = facts.shapeElements(result)
                produced[output] = facts.constant(result, body)
            }
        } catch {
            throw error.atNode(site.name, operatorName: operatorName)
        }
    }

    mutating func inferBodies(
        _ site: OperatorSite,
        _ definition: any Operator.Type,
        _ id: NodeID,
        _ graph: Graph
    ) throws(CNNOptError) {
        var found: [String: NodeBody] = [:]
        for attribute in site.node.attributes {
            guard case .graph(let inner) = attribute.value,
                let signature = try definition.bodySignature(site, of: attribute.name)
            else { continue }
            guard inner.feeds.count == signature.inputs.count else {
                throw site.failure(
                    .invalidModel,
                    "the graph of '\(attribute.name)' takes \(inner.feeds.count) inputs instead of \(signature.inputs.count)"
                )
            }
            guard signature.feedback.keys.allSatisfy(inner.outputs.indices.contains) else {
                throw site.failure(
                    .invalidModel,
                    "the graph of '\(attribute.name)' has only \(inner.outputs.count) outputs"
                )
            }
            found[attribute.name] = try settled(inner, signature, site.name, graph)
        }
        bodies[id] = found
    }

    /// The facts of a graph that hold each time that it runs: what is fed back widens what is assumed of its inputs until
    /// both agree.
    private func settled(
        _ inner: Graph,
        _ signature: BodySignature,
        _ name: String,
        _ graph: Graph
    ) throws(CNNOptError) -> NodeBody {
        var inputs = signature.inputs
        var scope = scope
        scope.path = name + "/"
        scope.isConditional = true
        if !signature.feedback.isEmpty { scope.loops += 1 }
        for port in signature.feedback.values {
            inputs[port].constant = nil
            inputs[port].elements = nil
            if scope.loops > Self.followedLoops { inputs[port].type.shape = nil }
        }
        let captured = captured(by: inner, graph)
        var attempt = 0
        while true {
            var known = captured
            for (feed, input) in zip(inner.feeds, inputs) { known[feed] = input }
            let facts = try GraphFacts(
                inner,
                scope,
                registry,
                known: known,
                isShapeDeclared: signature.feedback.isEmpty
            )
            let results = signature.feedback.map { output, input in
                (input, inputs[input].type.joined(facts.type(inner.outputs[output])))
            }
            // With nothing assumed there is nothing left to settle.
            if attempt == 3 || results.allSatisfy({ inputs[$0].type == $1 }) {
                return NodeBody(graph: inner, facts: facts)
            }
            // At first single sizes are given up, then all shapes, then element types.
            for (input, joined) in results {
                inputs[input].type = TensorType(
                    attempt < 2 ? joined.elementType : nil,
                    attempt < 1 ? joined.shape : nil
                )
            }
            attempt += 1
        }
    }

    /// What is known here of the values that an inner graph uses by name.
    private func captured(by inner: Graph, _ graph: Graph) -> [ValueID: OperatorSite.Input] {
        var known: [ValueID: OperatorSite.Input] = [:]
        for id in inner.valueIDs where inner.isOuter(id) {
            guard let outer = graph.value(named: inner[id].name) else { continue }
            known[id] = OperatorSite.Input(
                type: type(outer),
                constant: constant(outer, graph),
                elements: shapeElements(outer)
            )
        }
        return known
    }
}

extension NodeBody {
    /// Whether running the graph does nothing but compute its outputs.
    var isPure: Bool { graph.nodeIDs.allSatisfy { facts.isPure($0, graph) } }
}

extension GraphFacts.Scope {
    /// The versions of operator sets by domain.
    static func opsets(_ imports: [Model.OpsetImport]) -> [String: Int] {
        Dictionary(
            imports.map { (OperatorName("", domain: $0.domain ?? "").domain, $0.version ?? 1) },
            uniquingKeysWith: { first, _ in first }
        )
    }
}
