import Tensors

/// What a patch did to a graph, for those who keep knowledge of it.
package struct PatchEffect: Sendable {
    /// Nodes that were added or replaced, all of which exist.
    package internal(set) var nodes: [NodeID] = []
    /// Other nodes that use another value than before; one may stand here more than once.
    package internal(set) var users: [NodeID] = []
    /// Values that a tensor was stored for, all of which exist.
    package internal(set) var constants: [ValueID] = []
}

extension Graph {
    /// Applies a patch made for exactly this version.
    /// - Throws: `internalFault` where the patch is stale or would leave a value without a source or with two; the graph is
    ///   then unchanged.
    @discardableResult
    package mutating func apply(_ patch: Patch) throws(CNNOptError) -> PatchEffect {
        let plan = try PatchPlan(patch, self)
        var effect = PatchEffect()

        for (id, name, type) in plan.newValues {
            var value = Value(name: name)
            value.type = type
            precondition(id.index == values.count)
            values.append(value)
            valuesByName[name] = id
        }
        for (id, _) in plan.nodes where contains(id) { empty(id) }
        for (id, constant) in plan.constants { setConstant(id, constant) }
        for (id, type) in plan.types { values[id.index]?.type = type }
        if !plan.removedInputs.isEmpty {
            inputs.removeAll { plan.removedInputs.contains($0) }
            for id in plan.removedInputs { values[id.index]?.isGraphInput = false }
        }
        for (old, new) in plan.redirections { redirect(old, to: new, &effect) }
        for (id, after) in plan.newNodes {
            while nodes.count <= id.index { nodes.append(NodeSlot(node: nil, previous: nil, next: nil)) }
            link(id, after: after)
        }
        // Only now: new nodes may stand in the place of removed ones.
        for (id, node) in plan.nodes where node == nil { unlink(id) }
        for (id, node) in plan.nodes {
            guard let node else { continue }
            try fill(id, with: node)
            effect.nodes.append(id)
        }
        for id in plan.touchedValues { purge(id) }
        effect.constants = plan.constants.compactMap { contains($0.0) && $0.1 != nil ? $0.0 : nil }
        version += 1
        return effect
    }

    private mutating func setConstant(_ id: ValueID, _ constant: Constant?) {
        guard let constant else {
            values[id.index]?.constant = nil
            return
        }
        var stored = constant
        if let old = values[id.index]?.constant {
            stored.docString = old.docString
            stored.metadata = old.metadata
            stored.residue = old.residue
            if case .external = old.wireForm { stored.wireForm = old.wireForm }
        } else {
            listInitializer(id)
        }
        stored.name = values[id.index]?.name
        values[id.index]?.constant = stored
        if values[id.index]?.type != nil {
            values[id.index]?.type = .tensor(TensorType(stored.data.elementType, Shape(sizes: stored.data.shape)))
        }
    }

    private mutating func redirect(_ old: ValueID, to new: ValueID, _ effect: inout PatchEffect) {
        guard old != new, let uses = values[old.index]?.uses else { return }
        for use in uses {
            guard let port = use.port else { continue }
            nodes[use.node.index].node?.inputs[port] = new
            values[new.index]?.uses.append(use)
            values[old.index]?.uses.remove(use)
            effect.users.append(use.node)
        }
    }

    /// Forgets a value that nothing provides and nothing uses.
    private mutating func purge(_ id: ValueID) {
        guard let value = values[id.index], value.producer == nil, value.uses.isEmpty, value.constant == nil,
            !value.isGraphInput, !value.isGraphOutput, !value.isOpaqueConstant
        else { return }
        values[id.index] = nil
        valuesByName[value.name] = nil
    }
}

/// A patch resolved against its graph: the final state of everything that it touches, known to be consistent.
private struct PatchPlan {
    var newValues: [(ValueID, String, ValueType?)] = []
    /// The final state of each touched node; nil for removed ones. In the order of the edits.
    var nodes: [(NodeID, Node?)] = []
    var newNodes: [(NodeID, NodeID?)] = []
    var constants: [(ValueID, Constant?)] = []
    var redirections: [(ValueID, ValueID)] = []
    var types: [(ValueID, ValueType?)] = []
    var removedInputs: Set<ValueID> = []
    var touchedValues: [ValueID] = []

    init(_ patch: Patch, _ graph: Graph) throws(CNNOptError) {
        guard patch.version == graph.version else {
            throw CNNOptError(.internalFault, "a patch of \(patch.author) was made for another version of the graph")
        }
        var nodeIndex: [NodeID: Int] = [:]
        for edit in patch.edits {
            switch edit {
            case .addValue(let id, let name, let type): newValues.append((id, name, type))
            case .addNode(let id, let node, let after):
                newNodes.append((id, after))
                nodeIndex[id] = nodes.count
                nodes.append((id, node))
            case .replaceNode(let id, let node):
                if let index = nodeIndex[id] {
                    nodes[index].1 = node
                } else {
                    nodeIndex[id] = nodes.count
                    nodes.append((id, node))
                }
            case .removeNode(let id):
                if let index = nodeIndex[id] {
                    nodes[index].1 = nil
                } else {
                    nodeIndex[id] = nodes.count
                    nodes.append((id, nil))
                }
            case .setConstant(let id, let constant): constants.append((id, constant))
            case .redirectUses(let old, let new): redirections.append((old, new))
            case .setType(let id, let type): types.append((id, type))
            case .removeInput(let id): removedInputs.insert(id)
            }
        }
        try check(patch, graph, Set(nodeIndex.keys))
    }

    /// Every value that the patch touches must end with one source if it is used, and with at most one in any case.
    private mutating func check(_ patch: Patch, _ graph: Graph, _ touchedNodes: Set<NodeID>) throws(CNNOptError) {
        let fresh = Set(newValues.map(\.0))
        let freshNodes = Set(newNodes.map(\.0))
        func fault(_ text: String) -> CNNOptError { CNNOptError(.internalFault, "patch of \(patch.author): \(text)") }

        var touched: Set<ValueID> = fresh
        // Uses that go with the nodes that are replaced or removed: by port, and by name.
        var ended: [ValueID: (ports: Int, captures: Int)] = [:]
        for (id, node) in nodes {
            guard graph.contains(id) || freshNodes.contains(id) else { throw fault("node \(id.index) does not exist") }
            if graph.contains(id) {
                touched.formUnion(graph[id].outputs.compactMap { $0 })
                for case let input? in graph[id].inputs { ended[input, default: (0, 0)].ports += 1 }
                for value in graph.captures(of: id) { ended[value, default: (0, 0)].captures += 1 }
            }
            if let node { touched.formUnion((node.inputs + node.outputs).compactMap { $0 }) }
        }
        touched.formUnion(ended.keys)
        touched.formUnion(constants.map(\.0))
        touched.formUnion(redirections.flatMap { [$0.0, $0.1] })
        touched.formUnion(types.map(\.0))
        touched.formUnion(removedInputs)

        var producers: [ValueID: Int] = [:]
        var used: Set<ValueID> = []
        for (_, node) in nodes {
            guard let node else { continue }
            for case let output? in node.outputs { producers[output, default: 0] += 1 }
            for case let input? in node.inputs { used.insert(input) }
        }
        let redirected = Dictionary(redirections, uniquingKeysWith: { _, last in last })
        for id in touched {
            guard fresh.contains(id) || graph.contains(id) else { throw fault("value \(id.index) does not exist") }
            guard graph.contains(id) else { continue }
            let value = graph[id]
            if let producer = value.producer, !touchedNodes.contains(producer.node) { producers[id, default: 0] += 1 }
            let (ports, captures) = ended[id] ?? (0, 0)
            if value.uses.count - value.uses.capturedCount > ports { used.insert(redirected[id] ?? id) }
            if value.uses.capturedCount > captures { used.insert(id) }
            if value.isGraphOutput { used.insert(id) }
        }
        let constantState = Dictionary(constants, uniquingKeysWith: { _, last in last })
        for id in touched.union(used) {
            let value = graph.contains(id) ? graph[id] : nil
            let isConstant = constantState[id].map { $0 != nil } ?? (value?.constant != nil)
            let isInput = (value?.isGraphInput ?? false) && !removedInputs.contains(id)
            let sources =
                producers[id, default: 0] + (isConstant || isInput ? 1 : 0) + (value?.isOpaqueConstant == true ? 1 : 0)
            let wasOuter = value != nil && graph.isOuter(id)
            guard sources <= 1 else { throw fault("value '\(value?.name ?? "new")' would have \(sources) sources") }
            guard sources == 1 || wasOuter || !used.contains(id) else {
                throw fault("value '\(value?.name ?? "new")' is used but nothing would provide it")
            }
        }
        touchedValues = touched.sorted()
    }
}
