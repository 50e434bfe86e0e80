import GraphIR
import Operators
import Tensors

/// Which tensors of a model are worth quantising, found from operators' traits before any number is looked at.
struct QuantizationSurvey: Sendable {
    /// All nodes, each after those it depends on.
    let order: [NodeID]
    private(set) var layers: [NodeID: QuantizableLayer] = [:]
    /// Why a layer is left alone.
    private(set) var reasons: [NodeID: String] = [:]
    /// Activations to quantise, in the order in which they are computed.
    private(set) var activations: [ValueID] = []
    /// Values whose elements come unchanged from another quantised value: both get the same grid.
    private(set) var origins: [ValueID: ValueID] = [:]
    /// Whether the model holds quantised numbers already.
    private(set) var isQuantized = false

    /// What happens at a node.
    private enum Role {
        /// Computes on 8-bit numbers: a layer, an addition of two activations, a pool.
        case active
        /// Hands on numbers of its first input.
        case moving
        /// Clamps what the node before it computed, and melts into that node's rounding.
        case rectifying
        /// Stays float.
        case float
    }

    init(_ model: Model, _ facts: GraphFacts) throws(CNNOptError) {
        let graph = model.graph
        order = try graph.topologicalOrder()
        var roles: [NodeID: Role] = [:]
        for id in order {
            let traits = try facts.definition(id, graph)?.traits(facts.site(id, graph)) ?? []
            if traits.contains(.isQuantization) { isQuantized = true }
            switch try QuantizableLayer.find(id, graph, facts) {
            case .layer(let layer): layers[id] = layer
            case .left(let reason): reasons[id] = reason
            case .other: break
            }
            roles[id] = role(id, traits, graph, facts)
        }
        chooseActivations(graph, facts, roles)
    }

    private func role(_ id: NodeID, _ traits: OperatorTraits, _ graph: Graph, _ facts: GraphFacts) -> Role {
        if layers[id] != nil { return traits.contains(.isQuantizable) ? .active : .float }
        if reasons[id] != nil { return .float }
        if traits.contains(.movesData) { return traits.contains(.isQuantizable) ? .moving : .float }
        if traits.contains(.isRectifier) { return .rectifying }
        guard traits.contains(.isQuantizable) else { return .float }
        // An operand that is stored stays in full precision, and with it the node.
        let inputs = graph[id].inputs.compactMap { $0 }
        return inputs.allSatisfy { facts.constant($0, graph) == nil && facts.type($0).elementType == .float32 }
            ? .active : .float
    }

    private mutating func chooseActivations(_ graph: Graph, _ facts: GraphFacts, _ roles: [NodeID: Role]) {
        // Values from which a layer can still be reached: what comes after the last layer is never rounded.
        var leads: Set<ValueID> = []
        for id in order.reversed() {
            if let layer = layers[id], roles[id] == .active { leads.insert(layer.data) }
            guard graph[id].outputs.contains(where: { $0.map(leads.contains) ?? false }) else { continue }
            leads.formUnion(graph[id].inputs.compactMap { $0 })
        }

        var wanted: Set<ValueID> = []
        func want(_ value: ValueID) {
            let type = facts.type(value)
            guard type.elementType == .float32, facts.constant(value, graph) == nil, !graph.isOuter(value) else {
                return
            }
            wanted.insert(value)
        }
        for id in order where roles[id] == .active {
            if let layer = layers[id] {
                want(layer.data)
            } else if graph[id].outputs.contains(where: { $0.map(leads.contains) ?? false }) {
                for case let input? in graph[id].inputs { want(input) }
            }
            guard let output = graph[id].outputs.first ?? nil, leads.contains(output) else { continue }
            // Integer matrix products can hand out float numbers; convolutions cannot.
            if layers[id]?.weight.shape.count == 2, graph[output].uses.allSatisfy({ roles[$0.node] == .float }) {
                continue
            }
            want(rectified(output, graph, roles) ?? output)
        }
        // A node that only moves numbers has the same grid on both sides, or none on either.
        var isChanging = true
        while isChanging {
            let before = wanted.count
            for id in order.reversed() where roles[id] == .moving {
                guard let input = graph[id].inputs.first ?? nil else { continue }
                if graph[id].outputs.contains(where: { $0.map(wanted.contains) ?? false }) { want(input) }
            }
            for id in order where roles[id] == .moving {
                guard let input = graph[id].inputs.first ?? nil, wanted.contains(input) else { continue }
                for case let output? in graph[id].outputs where leads.contains(output) { want(output) }
            }
            isChanging = wanted.count > before
        }
        for id in order where roles[id] == .moving {
            guard let input = graph[id].inputs.first ?? nil, wanted.contains(input) else { continue }
            for case let output? in graph[id].outputs where wanted.contains(output) {
                origins[output] = origins[input] ?? input
            }
        }
        activations = graph.feeds.filter(wanted.contains)
        for id in order { activations += graph[id].outputs.compactMap { $0 }.filter(wanted.contains) }
    }

    /// The output of a rectifier that is the only user of a value.
    private func rectified(_ value: ValueID, _ graph: Graph, _ roles: [NodeID: Role]) -> ValueID? {
        let uses = graph[value].uses
        guard uses.count == 1, let use = uses.first, use.port == 0, !graph[value].isGraphOutput,
            roles[use.node] == .rectifying
        else { return nil }
        return graph[use.node].outputs.first ?? nil
    }
}
