import Tensors

/// A set of edits to one version of a graph: checked whole, then applied whole.
///
/// It holds ids and the version, never the graph, so that applying it copies nothing. New values and nodes get their ids
/// when they are put into the patch.
package struct Patch: Sendable {
    enum Edit: Sendable {
        case addValue(ValueID, name: String, type: ValueType?)
        case addNode(NodeID, Node, after: NodeID?)
        case replaceNode(NodeID, Node)
        case removeNode(NodeID)
        case setConstant(ValueID, Constant?)
        case redirectUses(from: ValueID, to: ValueID)
        case setType(ValueID, ValueType?)
        case removeInput(ValueID)
    }

    /// The pass or rule that made it; nodes it adds remember it.
    package let author: String
    let version: Int
    private(set) var edits: [Edit] = []
    private var nextValue: Int
    private var nextNode: Int
    private var takenNames: Set<String> = []

    package var isEmpty: Bool { edits.isEmpty }

    /// The nodes of the graph that it replaces or removes; one may stand here more than once.
    package var changedNodes: [NodeID] {
        edits.compactMap { edit in
            switch edit {
            case .replaceNode(let id, _), .removeNode(let id): id
            default: nil
            }
        }
    }

    package init(_ graph: Graph, author: String) {
        self.author = author
        version = graph.version
        nextValue = graph.values.count
        nextNode = graph.nodes.count
    }

    /// A new value. Its name is `stem`, with a number behind it where that name is taken.
    /// - Parameter reserved: whether names that the graph has reserved may be given out: for values that come out of a graph
    ///   inside a node with the name that they had there.
    package mutating func addValue(
        _ stem: String,
        in graph: Graph,
        type: ValueType? = nil,
        reserved: Bool = false
    ) -> ValueID {
        let id = ValueID(index: nextValue)
        nextValue += 1
        edits.append(.addValue(id, name: freshName(stem, in: graph, reserved: reserved), type: type))
        return id
    }

    /// A new initialiser, named as ``addValue(_:in:type:reserved:)`` does.
    package mutating func addConstant(
        _ stem: String,
        _ data: TensorData,
        in graph: Graph,
        reserved: Bool = false
    ) -> ValueID {
        let id = addValue(stem, in: graph, type: nil, reserved: reserved)
        edits.append(.setConstant(id, Constant(data)))
        return id
    }

    /// A new node, in the order right after another one (which may be new too), or first.
    @discardableResult
    package mutating func addNode(_ node: Node, after previous: NodeID?) -> NodeID {
        let id = NodeID(index: nextNode)
        nextNode += 1
        var node = node
        node.madeBy = author
        edits.append(.addNode(id, node, after: previous))
        return id
    }

    /// Gives a node other inputs, outputs, attributes or another operator, in place.
    package mutating func replaceNode(_ id: NodeID, with node: Node) { edits.append(.replaceNode(id, node)) }

    /// Removes a node. Its outputs must be unused, or redirected in the same patch.
    package mutating func removeNode(_ id: NodeID) { edits.append(.removeNode(id)) }

    /// Stores another tensor for an initialiser, or makes a value one. An input of the same value is updated with it.
    package mutating func setConstant(_ id: ValueID, _ data: TensorData) {
        edits.append(.setConstant(id, Constant(data)))
    }

    /// Makes an initialiser a plain value again (a node of the same patch then provides it).
    package mutating func removeConstant(_ id: ValueID) { edits.append(.setConstant(id, nil)) }

    /// Lets every user of one value use another instead: all nodes that the patch neither adds nor replaces. Subgraphs, which
    /// use values by name, and graph outputs stay as they are.
    package mutating func redirectUses(of old: ValueID, to new: ValueID) {
        edits.append(.redirectUses(from: old, to: new))
    }

    /// Sets or drops the declared type.
    package mutating func setType(_ id: ValueID, _ type: ValueType?) { edits.append(.setType(id, type)) }

    /// Takes a value off the graph inputs: for an initialiser that was listed there, or an input nobody uses.
    package mutating func removeInput(_ id: ValueID) { edits.append(.removeInput(id)) }

    /// The stem, or the stem with a number behind it. Many names of one stem may be taken: the number is found by doubling and
    /// halving, not by counting.
    private mutating func freshName(_ stem: String, in graph: Graph, reserved: Bool) -> String {
        let stem = stem.isEmpty ? author : stem
        func isTaken(_ name: String) -> Bool {
            graph.valuesByName[name] != nil || takenNames.contains(name)
                || !reserved && graph.reservedNames.contains(name)
        }
        var name = stem
        if isTaken(stem) {
            var (taken, free) = (0, 1)
            while isTaken("\(stem)_\(free)") { (taken, free) = (free, 2 * free) }
            while free - taken > 1 {
                let middle = (taken + free) / 2
                if isTaken("\(stem)_\(middle)") { taken = middle } else { free = middle }
            }
            name = "\(stem)_\(free)"
        }
        takenNames.insert(name)
        return name
    }
}
