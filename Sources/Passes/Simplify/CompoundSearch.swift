import GraphIR
import Operators
import Tensors

/// Looks for the nodes that compute a compound's pattern, from its last node upwards.
struct CompoundSearch {
    let graph: Graph
    let facts: GraphFacts
    private(set) var match = CompoundMatch()
    private(set) var operands: [Int: ValueID] = [:]
    /// The nodes that the pattern covers.
    private(set) var nodes: Set<NodeID> = []

    init(_ graph: Graph, _ facts: GraphFacts) {
        self.graph = graph
        self.facts = facts
    }

    /// Whether a value is computed as the pattern says. What was found is kept where it is.
    mutating func fits(_ pattern: CompoundPattern, _ value: ValueID) throws(CNNOptError) -> Bool {
        switch pattern {
        case .operand(let port):
            if let known = operands[port] { return known == value }
            operands[port] = value
            match.operands[port] = facts.type(value)
            return true
        case .number, .anyNumber:
            guard let data = facts.constant(value, graph), data.count == 1, data.elementType.isFloat,
                let number = try data.doubles().first
            else { return false }
            return fits(pattern, number: number)
        case .product(let parts): return try fits(parts, .product, value)
        case .sum(let parts): return try fits(parts, .sum, value)
        case .node(let wanted, let inputs, let name):
            guard let (node, definition) = producer(value), definition == wanted else { return false }
            for (port, input) in inputs.enumerated() {
                guard graph[node].inputs.indices.contains(port), let operand = graph[node].inputs[port],
                    try fits(input, operand)
                else { return false }
            }
            nodes.insert(node)
            if let name { match.sites[name] = facts.site(node, graph) }
            return true
        case .clamp(let inner, let low, let high):
            guard let (node, definition) = producer(value),
                case .unary(.clamp(let least, let most))? = try? definition.computation(facts.site(node, graph)),
                fits(low, number: Double(least)), fits(high, number: Double(most)),
                let input = graph[node].inputs.first ?? nil, try fits(inner, input)
            else { return false }
            nodes.insert(node)
            return true
        }
    }

    private mutating func fits(_ pattern: CompoundPattern, number: Double) -> Bool {
        switch pattern {
        case .number(let wanted): return CompoundMatch.isRounded(number, wanted)
        case .anyNumber(let name):
            guard number.isFinite, match.numbers[name] ?? number == number else { return false }
            match.numbers[name] = number
            return true
        default: return false
        }
    }

    /// The first output's node and what it means.
    private func producer(_ value: ValueID) -> (node: NodeID, definition: any Operator.Type)? {
        guard let producer = graph[value].producer, producer.port == 0,
            let definition = facts.definition(producer.node, graph)
        else { return nil }
        return (producer.node, definition)
    }
}

/// Sums and products, whose parts may stand in any order and grouping.
extension CompoundSearch {
    private enum Joining {
        case sum, product

        var neutral: Double { self == .sum ? 0 : 1 }
        var trait: OperatorTraits { self == .sum ? .isSum : .isProduct }
        func join(_ a: Double, _ b: Double) -> Double { self == .sum ? a + b : a * b }
    }

    /// Values that are joined, and the stored numbers among them.
    private struct Parts {
        var values: [ValueID]
        var number: Double
        var nodes: [NodeID]
    }

    private mutating func fits(_ parts: [CompoundPattern], _ joining: Joining, _ value: ValueID) throws(CNNOptError)
        -> Bool
    {
        guard let all = split(value, joining) else { return false }
        let number = parts.first { $0.isNumber }
        return try fits(parts.filter { !$0.isNumber }, number, all, joining)
    }

    /// Tries the values as they are, then each of them split further.
    private mutating func fits(
        _ patterns: [CompoundPattern],
        _ number: CompoundPattern?,
        _ parts: Parts,
        _ joining: Joining
    ) throws(CNNOptError) -> Bool {
        if parts.values.count == patterns.count {
            var trial = self
            let fitsNumber =
                if let number { trial.fits(number, number: parts.number) } else { parts.number == joining.neutral }
            if fitsNumber, try trial.fitsInAnyOrder(patterns, parts.values) {
                trial.nodes.formUnion(parts.nodes)
                self = trial
                return true
            }
        }
        guard parts.values.count <= patterns.count else { return false }
        for (index, value) in parts.values.enumerated() where graph[value].uses.count == 1 && graph.isInner(value) {
            guard let inner = split(value, joining) else { continue }
            var next = parts
            next.values.replaceSubrange(index...index, with: inner.values)
            next.number = joining.join(next.number, inner.number)
            next.nodes += inner.nodes
            if try fits(patterns, number, next, joining) { return true }
        }
        return false
    }

    private mutating func fitsInAnyOrder(_ patterns: [CompoundPattern], _ values: [ValueID]) throws(CNNOptError) -> Bool
    {
        guard let first = patterns.first else { return values.isEmpty }
        for index in values.indices {
            var trial = self
            guard try trial.fits(first, values[index]) else { continue }
            var rest = values
            rest.remove(at: index)
            if try trial.fitsInAnyOrder(Array(patterns.dropFirst()), rest) {
                self = trial
                return true
            }
        }
        return false
    }

    /// The values that a node joins; nil where it does something else.
    private func split(_ value: ValueID, _ joining: Joining) -> Parts? {
        guard let (node, definition) = producer(value), definition.traits.contains(.elementwise) else { return nil }
        let site = facts.site(node, graph)
        if let affine = (try? definition.channelAffine(site)) ?? nil {
            guard affine.axis == nil, let scale = affine.scale.first, let shift = affine.shift.first,
                joining == .sum ? scale == 1 : shift == 0,
                graph[node].inputs.indices.contains(affine.dataPort), let data = graph[node].inputs[affine.dataPort]
            else { return splitInputs(node, definition, joining) }
            return Parts(values: [data], number: joining == .sum ? shift : scale, nodes: [node])
        }
        return splitInputs(node, definition, joining)
    }

    private func splitInputs(_ node: NodeID, _ definition: any Operator.Type, _ joining: Joining) -> Parts? {
        let inputs = graph[node].inputs.compactMap { $0 }
        guard definition.traits.contains(joining.trait), inputs.count == graph[node].inputs.count else { return nil }
        return Parts(values: inputs, number: joining.neutral, nodes: [node])
    }
}

extension CompoundPattern {
    /// Whether it is a stored number.
    var isNumber: Bool {
        switch self {
        case .number, .anyNumber: true
        default: false
        }
    }
}
