import GraphIR
import Operators
import Tensors

/// Union of indices over all links of all nodes, and the pins that keep the rest.
struct ChannelClosure {
    private let graph: Graph
    private var space: AxisSpace
    private var sets = PinnedSets(count: 0)
    private var reasons: [String] = []
    private var reasonNumbers: [String: Int] = [:]

    init(_ graph: Graph, _ facts: GraphFacts) throws(CNNOptError) {
        self.graph = graph
        space = AxisSpace(valueCapacity: graph.valueCapacity)
        for id in graph.valueIDs {
            if let shape = facts.type(id).shape { space.add(id, shape) }
        }
        sets = PinnedSets(count: space.count)
        pinEdges()

        var choices: [(node: String, alternatives: [Located])] = []
        for id in try graph.topologicalOrder() {
            // A stored tensor in a node of its own is sliced like an initialiser.
            let stored = graph[id].inputs.isEmpty && graph[id].outputs.allSatisfy { facts.constant($0, graph) != nil }
            if stored { continue }
            choices += try apply(id, facts)
        }
        settle(&choices)
    }

    /// A link whose ends are axes of values; nil stands for a link that cannot be followed.
    private struct Located {
        let from: ValueAxis
        let to: ValueAxis
        let link: ChannelCoupling.Link
    }

    private func location(_ axis: ChannelCoupling.Axis, _ node: Node) -> ValueAxis? {
        let value: ValueID? =
            switch axis.port {
            case .input(let port): node.inputs.indices.contains(port) ? node.inputs[port] : nil
            case .output(let port): node.outputs.indices.contains(port) ? node.outputs[port] : nil
            }
        return value.map { ValueAxis($0, axis.axis) }
    }

    private func located(_ link: ChannelCoupling.Link, _ node: Node) -> Located? {
        guard let from = location(link.from, node), let to = location(link.to, node) else { return nil }
        return Located(from: from, to: to, link: link)
    }

    // MARK: Pins

    private mutating func number(_ reason: String) -> Int {
        if let number = reasonNumbers[reason] { return number }
        reasons.append(reason)
        reasonNumbers[reason] = reasons.count - 1
        return reasons.count - 1
    }

    private mutating func pin(_ key: ValueAxis, _ reason: String) {
        guard let range = space.range(key) else { return }
        let number = number(reason)
        for member in range { sets.pin(member, reason: number) }
    }

    private mutating func pinAll(_ value: ValueID, _ reason: String) {
        for axis in 0..<(space.rank(value) ?? 0) { pin(ValueAxis(value, axis), reason) }
    }

    private mutating func pinEdges() {
        for id in graph.feeds { pinAll(id, "it is the graph input '\(graph[id].name)'") }
        for id in graph.outputs { pinAll(id, "it is the graph output '\(graph[id].name)'") }
        for id in graph.valueIDs {
            let value = graph[id]
            if value.isOpaqueConstant { pinAll(id, "'\(value.name)' is a stored tensor that is not read") }
            if let data = value.constant?.data, data.elementType.bitWidth < 8 {
                pinAll(id, "'\(value.name)' holds \(data.elementType.onnxName) elements")
            }
            if value.uses.capturedCount > 0 {
                pinAll(id, "a subgraph uses '\(value.name)'")
            }
        }
    }

    // MARK: Links

    /// Joins what the node links, pins what it does not mention, and returns its open choices.
    private mutating func apply(_ id: NodeID, _ facts: GraphFacts) throws(CNNOptError) -> [(String, [Located])] {
        let node = graph[id]
        let name = "\(node.operatorName) '\(graph.displayName(id))'"
        guard let definition = facts.definition(id, graph) else {
            for case let value? in node.inputs + node.outputs { pinAll(value, "\(name) is unknown to this build") }
            return []
        }
        let coupling = try definition.coupling(facts.site(id, graph))
        var mentioned: Set<ChannelCoupling.Axis> = Set(coupling.free)
        for link in coupling.links + coupling.choices.joined() { mentioned.formUnion([link.from, link.to]) }
        let reason = coupling.reason.map { "\(name): \($0)" } ?? "\(name) needs all of them"
        let ports =
            node.inputs.indices.map { (ChannelCoupling.Port.input($0), node.inputs[$0]) }
            + node.outputs.indices.map { (ChannelCoupling.Port.output($0), node.outputs[$0]) }
        for (port, value) in ports {
            guard let value else { continue }
            for axis in 0..<(space.rank(value) ?? 0)
            where !mentioned.contains(ChannelCoupling.Axis(port, axis)) {
                pin(ValueAxis(value, axis), reason)
            }
        }
        for link in coupling.links {
            if let located = located(link, node) { join(located, reason) }
        }
        return coupling.choices.map { alternatives in (reason, alternatives.compactMap { located($0, node) }) }
    }

    /// The indices of both sides, pair by pair; nil where the link leaves either axis or an axis is not followed.
    private func pairs(_ located: Located) -> [(Int, Int)]? {
        guard let from = space.range(located.from), let to = space.range(located.to) else { return nil }
        let link = located.link
        guard link.count >= 0, link.outer >= 0, link.inner >= 0, link.offset >= 0, link.extent >= 0,
            link.count <= from.count, let reach = checkedProduct([link.outer, link.count, link.inner]),
            reach <= to.count
        else { return nil }
        if reach == 0 { return [] }
        let last = (link.outer - 1).multipliedReportingOverflow(by: link.extent)
        let top = last.partialValue.addingReportingOverflow(link.offset + link.count - 1)
        let end = top.partialValue.multipliedReportingOverflow(by: link.inner)
        guard !last.overflow, !top.overflow, !end.overflow, end.partialValue + link.inner <= to.count else {
            return nil
        }
        var pairs: [(Int, Int)] = []
        pairs.reserveCapacity(reach)
        for c in 0..<link.count {
            for o in 0..<link.outer {
                let begin = (o * link.extent + link.offset + c) * link.inner
                for i in 0..<link.inner { pairs.append((from.lowerBound + c, to.lowerBound + begin + i)) }
            }
        }
        return pairs
    }

    private mutating func join(_ located: Located, _ reason: String) {
        guard let pairs = pairs(located) else {
            pin(located.from, reason)
            pin(located.to, reason)
            return
        }
        for (a, b) in pairs { sets.join(a, b) }
    }

    // MARK: Choices

    /// Takes one alternative of every choice: the only one that is not pinned, and where several are open, the one that
    /// leaves the most channels apart. Axes of the others are pinned.
    private mutating func settle(_ choices: inout [(node: String, alternatives: [Located])]) {
        while !choices.isEmpty {
            var rest: [(node: String, alternatives: [Located])] = []
            var progressed = false
            for choice in choices {
                let open = choice.alternatives.filter { freeClasses($0) > 0 }
                if open.count > 1 {
                    rest.append((choice.node, choice.alternatives))
                    continue
                }
                take(open.first, of: choice.alternatives, choice.node)
                progressed = true
            }
            if !progressed, let first = rest.first {
                var best: (link: Located, classes: Int)?
                for link in first.alternatives {
                    let classes = freeClasses(link)
                    if classes > best?.classes ?? 0 { best = (link, classes) }
                }
                take(best?.link, of: first.alternatives, first.node)
                rest.removeFirst()
            }
            choices = rest
        }
    }

    /// How many separate unpinned classes a link would leave.
    private mutating func freeClasses(_ located: Located) -> Int {
        guard let pairs = pairs(located) else { return 0 }
        // A small union over the roots that the link would bring together.
        var parent: [Int: Int] = [:]
        func find(_ x: Int) -> Int {
            var x = x
            while let next = parent[x], next != x { x = next }
            return x
        }
        var pinned: Set<Int> = []
        for (a, b) in pairs {
            let (x, y) = (sets.root(a), sets.root(b))
            if parent[x] == nil { parent[x] = x }
            if parent[y] == nil { parent[y] = y }
            let (p, q) = (find(x), find(y))
            if p != q { parent[max(p, q)] = min(p, q) }
            if sets.pin(of: x) != nil { pinned.insert(x) }
            if sets.pin(of: y) != nil { pinned.insert(y) }
        }
        let blocked = Set(pinned.map(find))
        return Set(parent.keys.map(find)).subtracting(blocked).count
    }

    private mutating func take(_ chosen: Located?, of alternatives: [Located], _ reason: String) {
        if let chosen { join(chosen, reason) }
        for other in alternatives {
            for key in [other.from, other.to] where chosen.map({ key != $0.from && key != $0.to }) ?? true {
                pin(key, reason)
            }
        }
    }

    // MARK: Results

    /// Why indices of an axis are pinned: each reason once.
    mutating func reason(_ key: ValueAxis) -> String? {
        guard let range = space.range(key) else { return "its size is not known" }
        var seen: Set<Int> = []
        var texts: [String] = []
        for member in range {
            guard let pin = sets.pin(of: member), seen.insert(pin).inserted else { continue }
            texts.append(reasons[pin])
        }
        return texts.isEmpty ? nil : texts.prefix(2).joined(separator: "; ")
    }

    /// The unpinned classes that touch one of the given axes, grouped by the axes that they span.
    mutating func groups(producedBy outputs: [ValueAxis]) -> [PruningGroup] {
        var wanted: Set<Int> = []
        for key in outputs {
            for member in space.range(key) ?? 0..<0 where sets.pin(of: member) == nil {
                wanted.insert(sets.root(member))
            }
        }
        var members: [Int: [(ValueAxis, Int)]] = [:]
        for id in graph.valueIDs {
            for axis in 0..<(space.rank(id) ?? 0) {
                let key = ValueAxis(id, axis)
                guard let range = space.range(key) else { continue }
                for member in range {
                    let root = sets.root(member)
                    if wanted.contains(root) { members[root, default: []].append((key, member - range.lowerBound)) }
                }
            }
        }
        var bySpan: [[ValueAxis]: [CoupledChannel]] = [:]
        var order: [[ValueAxis]] = []
        for root in wanted.sorted() {
            var axes: [ValueAxis] = []
            var indices: [[Int]] = []
            // Members come sorted by value, axis and index.
            for (key, index) in members[root] ?? [] {
                if axes.last == key {
                    indices[indices.count - 1].append(index)
                } else {
                    axes.append(key)
                    indices.append([index])
                }
            }
            if bySpan[axes] == nil { order.append(axes) }
            bySpan[axes, default: []].append(CoupledChannel(indices: indices))
        }
        return order.map { PruningGroup(axes: $0, channels: bySpan[$0] ?? []) }
    }
}
