import Tensors

/// A dataflow graph: nodes and values in arenas addressed by ids that are never reused.
///
/// Nodes keep the order of the file in a linked list, so that insertion and removal cost the same however large the graph
/// is; consumer lists are kept as edits happen. Passes edit through ``Patch`` alone.
package struct Graph: Sendable {
    package var name: String?
    package var docString: String?
    package var metadata: [MetadataEntry] = []
    /// Serialised fields that the graph does not model (quantisation annotations, sparse initialisers, fields of the future).
    package var residue: [UInt8] = []

    /// Graph inputs, outputs, initialisers and value_info declarations in the file's order. An initialiser may be an input too.
    package internal(set) var inputs: [ValueID] = []
    package internal(set) var outputs: [ValueID] = []
    package var initializers: [ValueID] { initializerOrder.filter { values[$0.index]?.constant != nil } }
    package var declarations: [ValueID] { declarationOrder.filter { values[$0.index] != nil } }

    /// May hold values that have lost their constant or are gone: compacting at each edit would cost more than skipping.
    var initializerOrder: [ValueID] = []
    var declarationOrder: [ValueID] = []
    var declared: Set<ValueID> = []

    /// Names beside the graph's own that new values must not take: those of graphs around it and inside its nodes, while these
    /// are edited together.
    package var reservedNames: Set<String> = []

    /// Grows with each change; a ``Patch`` applies only to the version that it was made for.
    package internal(set) var version = 0

    var nodes: [NodeSlot] = []
    var values: [Value?] = []
    var valuesByName: [String: ValueID] = [:]
    var first: NodeID?
    var last: NodeID?
    /// The number of nodes.
    package internal(set) var nodeCount = 0

    struct NodeSlot: Sendable {
        var node: Node?
        var previous: NodeID?
        var next: NodeID?
    }

    package init(name: String? = nil) { self.name = name }

    /// One more than the largest value index ever used: the size of a table indexed by value.
    package var valueCapacity: Int { values.count }
    /// One more than the largest node index ever used: the size of a table indexed by node.
    package var nodeCapacity: Int { nodes.count }

    /// The node. The id must be of this graph and not removed: anything else is a mistake of the program, not of a file.
    package subscript(_ id: NodeID) -> Node {
        // Lends the node instead of copying it: most readers want one field. Nothing can be lent but by unwrapping in place.
        _read {
            precondition(contains(id), "node \(id.index) was removed")
            // swift-format-ignore: NeverForceUnwrap
            yield nodes[id.index].node!
        }
    }

    /// The value; the same rule as for nodes.
    package subscript(_ id: ValueID) -> Value {
        _read {
            precondition(contains(id), "value \(id.index) was removed")
            // swift-format-ignore: NeverForceUnwrap
            yield values[id.index]!
        }
    }

    package func contains(_ id: NodeID) -> Bool { nodes.indices.contains(id.index) && nodes[id.index].node != nil }
    package func contains(_ id: ValueID) -> Bool { values.indices.contains(id.index) && values[id.index] != nil }

    /// The value of that name.
    package func value(named name: String) -> ValueID? { valuesByName[name] }

    /// The values in the order of their ids.
    package var valueIDs: some Sequence<ValueID> {
        values.indices.lazy.filter { values[$0] != nil }.map(ValueID.init(index:))
    }

    /// The graph inputs that a caller has to feed: those without an initialiser.
    package var feeds: [ValueID] { inputs.filter { self[$0].constant == nil && !self[$0].isOpaqueConstant } }

    /// Says how a constant's data were made.
    package mutating func setEncoding(_ encoding: TensorEncoding?, of id: ValueID) {
        values[id.index]?.constant?.encoding = encoding
    }

    /// The stored tensor of a value; nil where it has none.
    package func constant(_ id: ValueID?) -> TensorData? {
        guard let id else { return nil }
        return self[id].constant?.data
    }

    /// A name for messages: the node's own, or its first output's.
    package func displayName(_ id: NodeID) -> String {
        let node = self[id]
        if let name = node.name, !name.isEmpty { return name }
        for case let output? in node.outputs { return self[output].name }
        return "#\(id.index)"
    }
}

extension Graph {
    /// The nodes in the file's order.
    package struct NodeOrder: Sequence, IteratorProtocol {
        let graph: Graph
        var current: NodeID?

        package mutating func next() -> NodeID? {
            guard let id = current else { return nil }
            current = graph.nodes[id.index].next
            return id
        }
    }

    /// The nodes in the file's order. Take `Array` of it before applying patches, so that the graph is not copied.
    package var nodeIDs: NodeOrder { NodeOrder(graph: self, current: first) }

    /// The nodes such that each comes after those it depends on, otherwise in the file's order.
    /// - Throws: `invalidModel` naming a node on a cycle.
    package func topologicalOrder() throws(CNNOptError) -> [NodeID] {
        var missing = [Int](repeating: 0, count: nodes.count)
        var isSorted = true
        var position = [Int](repeating: 0, count: nodes.count)
        var order: [NodeID] = []
        order.reserveCapacity(nodeCount)
        for id in nodeIDs {
            position[id.index] = order.count
            order.append(id)
        }
        for id in order {
            func count(_ value: ValueID) {
                guard let producer = values[value.index]?.producer?.node else { return }
                missing[id.index] += 1
                if position[producer.index] >= position[id.index] { isSorted = false }
            }
            for case let input? in self[id].inputs { count(input) }
            for value in captures(of: id) { count(value) }
        }
        if isSorted { return order }

        // Kahn's algorithm on a heap of file positions: the stable order.
        var ready = PositionHeap()
        for id in order where missing[id.index] == 0 { ready.insert(position[id.index]) }
        var sorted: [NodeID] = []
        sorted.reserveCapacity(order.count)
        while let next = ready.removeSmallest() {
            let id = order[next]
            sorted.append(id)
            for case let output? in self[id].outputs {
                for use in self[output].uses {
                    missing[use.node.index] -= 1
                    if missing[use.node.index] == 0 { ready.insert(position[use.node.index]) }
                }
            }
        }
        if sorted.count < order.count, let stuck = order.first(where: { missing[$0.index] > 0 }) {
            throw CNNOptError(
                .invalidModel,
                "the graph has a cycle through this node",
                remedy: "the file is damaged; export it again"
            )
            .atNode(displayName(stuck), operatorName: self[stuck].operatorName.description)
        }
        return sorted
    }

    /// The values of this graph that the node's subgraphs use by name, each once.
    package func captures(of id: NodeID) -> [ValueID] {
        guard self[id].hasSubgraphs else { return [] }
        return self[id].capturedNames.compactMap { valuesByName[$0] }
    }

    /// The values that running the node takes: its inputs, then those that its subgraphs use by name.
    package func arguments(of id: NodeID) -> [ValueID?] { self[id].inputs + captures(of: id) }
}

extension Graph {
    /// Whether any node has a graph inside.
    package var hasInnerGraphs: Bool { nodeIDs.contains { self[$0].hasSubgraphs } }

    /// The names of all values of the graph and of the graphs inside its nodes, at any depth.
    package var allNames: Set<String> {
        var names: Set<String> = []
        var open = [self]
        while let graph = open.popLast() {
            names.formUnion(graph.valuesByName.keys)
            for id in graph.nodeIDs where graph[id].hasSubgraphs { open += graph[id].subgraphs }
        }
        return names
    }
}

extension Node {
    /// Names that the node's subgraphs, at any depth, take from outside, sorted.
    var capturedNames: [String] {
        var names: Set<String> = []
        for graph in subgraphs { names.formUnion(graph.outerNames) }
        return names.sorted()
    }
}

extension Graph {
    /// Whether the value comes from an enclosing graph.
    package func isOuter(_ id: ValueID) -> Bool {
        let value = self[id]
        return value.producer == nil && value.constant == nil && !value.isGraphInput && !value.isOpaqueConstant
    }

    /// Names that this graph takes from the graphs around it.
    var outerNames: Set<String> {
        var names: Set<String> = []
        for id in valueIDs where isOuter(id) && (!self[id].uses.isEmpty || self[id].isGraphOutput) {
            names.insert(self[id].name)
        }
        return names
    }
}

/// A binary heap of file positions.
private struct PositionHeap {
    private var items: [Int] = []

    mutating func insert(_ item: Int) {
        items.append(item)
        var child = items.count - 1
        while child > 0, items[(child - 1) / 2] > items[child] {
            items.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func removeSmallest() -> Int? {
        guard let smallest = items.first else { return nil }
        let tail = items.removeLast()
        guard !items.isEmpty else { return smallest }
        items[0] = tail
        var parent = 0
        while true {
            let left = 2 * parent + 1
            guard left < items.count else { return smallest }
            let child = left + 1 < items.count && items[left + 1] < items[left] ? left + 1 : left
            if items[parent] <= items[child] { return smallest }
            items.swapAt(parent, child)
            parent = child
        }
    }
}
