import GraphIR
import Operators
import Tensors

/// Which coupled channels go, and what that leaves on every axis.
package struct ChannelRemoval: Sendable {
    /// Channel numbers by group, as they are removed from ``ChannelGroups/groups``.
    package private(set) var removed: [Set<Int>]
    private let groups: [PruningGroup]

    package init(_ groups: [PruningGroup]) {
        self.groups = groups
        removed = [Set<Int>](repeating: [], count: groups.count)
    }

    package var isEmpty: Bool { removed.allSatisfy(\.isEmpty) }

    package mutating func remove(group: Int, channel: Int) { removed[group].insert(channel) }
    package mutating func restore(group: Int, channel: Int) { removed[group].remove(channel) }

    /// The indices that go, by axis.
    package var dropped: [ValueAxis: Set<Int>] {
        var result: [ValueAxis: Set<Int>] = [:]
        for (number, group) in groups.enumerated() {
            for channel in removed[number].sorted() {
                for (place, axis) in group.axes.enumerated() {
                    result[axis, default: []].formUnion(group.channels[channel].indices[place])
                }
            }
        }
        return result
    }

    /// The sorted indices that stay on each axis that loses some, for the axis sizes in `facts`.
    package func kept(_ facts: GraphFacts) -> [ValueAxis: [Int]] {
        dropped.reduce(into: [:]) { result, entry in
            guard let shape = facts.type(entry.key.value).shape, shape.indices.contains(entry.key.axis),
                let size = shape[entry.key.axis].size
            else { return }
            result[entry.key] = (0..<size).filter { !entry.value.contains($0) }
        }
    }

    /// Removes the channels: slices stored tensors, changes nodes and declared types, all in one patch, and checks that every
    /// shape comes out as it should.
    /// - Parameter facts: the facts of `model` as it is.
    /// - Returns: the facts afterwards.
    /// - Throws: `internalFault` where the network would not fit together; the model is then undefined.
    @discardableResult
    package func apply(to model: inout Model, _ facts: GraphFacts) throws(CNNOptError) -> GraphFacts {
        let kept = kept(facts)
        if let empty = kept.first(where: { $0.value.isEmpty })?.key {
            throw CNNOptError(.internalFault, "no channel would be left").atValue(model.graph[empty.value].name)
        }
        let patch = try NarrowingPatch(model.graph, facts, kept).patch
        try model.graph.apply(patch)
        try model.graph.verify()
        let after = try GraphFacts(model)
        try check(model.graph, before: facts, after: after, kept)
        return after
    }

    private func check(
        _ graph: Graph,
        before: GraphFacts,
        after: GraphFacts,
        _ kept: [ValueAxis: [Int]]
    ) throws(CNNOptError) {
        for id in graph.valueIDs where id.index < before.types.count {
            guard let was = before.type(id).shape, let now = after.type(id).shape else { continue }
            let wanted = was.enumerated().map { axis, dimension in
                kept[ValueAxis(id, axis)].map { Dimension.known($0.count) } ?? dimension
            }
            let fits =
                wanted.count == now.count
                && zip(wanted, now).allSatisfy { $0.size == nil || $1.size == nil || $0.size == $1.size }
            guard fits else {
                throw CNNOptError(
                    .internalFault,
                    "removing channels left shape \(now.map(\.description)) where \(wanted.map(\.description)) is due"
                ).atValue(graph[id].name)
            }
        }
    }
}

/// The edits that narrow a graph to the kept indices.
private struct NarrowingPatch {
    private(set) var patch: Patch
    private let graph: Graph
    private let facts: GraphFacts
    private let kept: [ValueAxis: [Int]]

    init(_ graph: Graph, _ facts: GraphFacts, _ kept: [ValueAxis: [Int]]) throws(CNNOptError) {
        self.graph = graph
        self.facts = facts
        self.kept = kept
        patch = Patch(graph, author: "prune")

        let values = Set(kept.keys.map(\.value)).sorted()
        var touched: Set<NodeID> = []
        for id in values {
            try narrow(id)
            if let producer = graph[id].producer { touched.insert(producer.node) }
            touched.formUnion(graph[id].uses.map(\.node))
        }
        for id in touched.sorted() where !isStoredHere(id) { try edit(id) }
    }

    /// Whether the node does nothing but hold a tensor: narrowing turns it into an initialiser.
    private func isStoredHere(_ id: NodeID) -> Bool {
        graph[id].inputs.isEmpty && graph[id].outputs.allSatisfy { facts.constant($0, graph) != nil }
    }

    private func selection(_ id: ValueID, rank: Int) -> [Int: [Int]] {
        var result: [Int: [Int]] = [:]
        for axis in 0..<rank { result[axis] = kept[ValueAxis(id, axis)] }
        return result
    }

    private mutating func narrow(_ id: ValueID) throws(CNNOptError) {
        let value = graph[id]
        if let producer = value.producer, isStoredHere(producer.node) {
            guard let data = facts.constant(id, graph) else { return }
            patch.removeNode(producer.node)
            patch.setConstant(id, try data.selecting(selection(id, rank: data.shape.count)))
        } else if let data = value.constant?.data {
            patch.setConstant(id, try data.selecting(selection(id, rank: data.shape.count)))
        } else if case .tensor(var type)? = value.type, var shape = type.shape {
            for (axis, indices) in selection(id, rank: shape.count) { shape[axis] = .known(indices.count) }
            type.shape = shape
            patch.setType(id, .tensor(type))
        }
    }

    private mutating func edit(_ id: NodeID) throws(CNNOptError) {
        var node = graph[id]
        guard let definition = facts.definition(id, graph) else {
            throw CNNOptError(.internalFault, "channels of an unknown operator were to be removed")
                .atNode(graph.displayName(id), operatorName: node.operatorName.description)
        }
        var selection: [ChannelCoupling.Axis: [Int]] = [:]
        func collect(_ port: ChannelCoupling.Port, _ value: ValueID?) {
            guard let value else { return }
            for axis in 0..<(facts.type(value).rank ?? 0) {
                selection[ChannelCoupling.Axis(port, axis)] = kept[ValueAxis(value, axis)]
            }
        }
        for (port, value) in node.inputs.enumerated() { collect(.input(port), value) }
        for (port, value) in node.outputs.enumerated() { collect(.output(port), value) }
        let change = try definition.narrowed(facts.site(id, graph), ChannelSelection(kept: selection))
        guard !change.isEmpty else { return }
        node.attributes.removeAll { change.removedAttributes.contains($0.name) }
        for attribute in change.attributes { node.setAttribute(attribute) }
        for (port, data) in change.constants.sorted(by: { $0.key < $1.key }) {
            // An optional input that was left out.
            while node.inputs.count <= port { node.inputs.append(nil) }
            if let old = node.inputs[port], graph[old].constant != nil, graph[old].uses.count == 1,
                !graph[old].isGraphOutput
            {
                patch.setConstant(old, data)
            } else {
                let stem = node.inputs[port].map { graph[$0].name } ?? "\(graph.displayName(id))_input\(port)"
                node.inputs[port] = patch.addConstant(stem, data, in: graph)
            }
        }
        patch.replaceNode(id, with: node)
    }
}

extension TensorData {
    /// The elements at the given indices of some axes, in their order; other axes stay whole.
    /// - Throws: `unsupported` for strings and for elements under 8 bits.
    func selecting(_ kept: [Int: [Int]]) throws(CNNOptError) -> TensorData {
        let width = elementType.bitWidth / 8
        guard width > 0 else {
            throw CNNOptError(.unsupported, "slicing \(elementType.onnxName) elements")
        }
        var result = self
        for (axis, indices) in kept.sorted(by: { $0.key < $1.key }) {
            let source = result
            guard source.shape.indices.contains(axis), indices.allSatisfy({ source.shape[axis] > $0 && $0 >= 0 }) else {
                throw CNNOptError(.internalFault, "indices \(indices) of axis \(axis) of shape \(source.shape)")
            }
            var shape = source.shape
            shape[axis] = indices.count
            let outer = source.shape[..<axis].reduce(1, *)
            let inner = source.shape[(axis + 1)...].reduce(1, *) * width
            let size = source.shape[axis]
            var target = try TensorData(zeros: elementType, shape: shape)
            try source.withBytes { (from) throws(CNNOptError) in
                try target.withMutableBytes { (to) throws(CNNOptError) in
                    guard let from = from.baseAddress, let to = to.baseAddress else { return }
                    for o in 0..<outer {
                        for (place, index) in indices.enumerated() {
                            (to + (o * indices.count + place) * inner)
                                .copyMemory(from: from + (o * size + index) * inner, byteCount: inner)
                        }
                    }
                }
            }
            result = target
        }
        return result
    }
}
