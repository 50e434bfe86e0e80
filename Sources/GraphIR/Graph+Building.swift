import Tensors

/// Construction from a file: values are found or made by name. Passes use ``Patch`` instead.
extension Graph {
    /// The value of that name, made where it is not there yet.
    package mutating func internValue(_ name: String) -> ValueID {
        if let id = valuesByName[name] { return id }
        let id = ValueID(index: values.count)
        values.append(Value(name: name))
        valuesByName[name] = id
        version += 1
        return id
    }

    /// Declares a graph input.
    package mutating func addInput(_ name: String, type: ValueType?) throws(CNNOptError) {
        let id = internValue(name)
        guard values[id.index]?.isGraphInput == false else { throw Self.duplicate(name, "graph input") }
        values[id.index]?.isGraphInput = true
        declare(id, type)
        inputs.append(id)
    }

    /// Declares a graph output.
    package mutating func addOutput(_ name: String, type: ValueType?) throws(CNNOptError) {
        let id = internValue(name)
        guard values[id.index]?.isGraphOutput == false else { throw Self.duplicate(name, "graph output") }
        values[id.index]?.isGraphOutput = true
        declare(id, type)
        outputs.append(id)
    }

    /// Declares the type of an inner value. A second declaration of the same value in this list is refused.
    /// - Returns: whether it was taken.
    package mutating func addDeclaration(_ name: String, type: ValueType?) -> Bool {
        let id = internValue(name)
        guard declared.insert(id).inserted else { return false }
        declare(id, type)
        declarationOrder.append(id)
        return true
    }

    /// Keeps what a file says of a value beside its type.
    package mutating func annotate(_ id: ValueID, _ declaration: Value.Declaration) {
        values[id.index]?.declarations.append(declaration)
        version += 1
    }

    /// Stores a tensor under the constant's own name.
    package mutating func addInitializer(_ constant: Constant) throws(CNNOptError) {
        let name = constant.name ?? ""
        guard !name.isEmpty else { throw CNNOptError(.invalidModel, "an initialiser has no name") }
        let id = internValue(name)
        guard values[id.index]?.constant == nil, values[id.index]?.isOpaqueConstant == false else {
            throw Self.duplicate(name, "initialiser")
        }
        values[id.index]?.constant = constant
        listInitializer(id)
    }

    /// Enters a value into the order of initialisers, if it is not there yet.
    mutating func listInitializer(_ id: ValueID) {
        guard values[id.index]?.isListedInitializer == false else { return }
        values[id.index]?.isListedInitializer = true
        initializerOrder.append(id)
    }

    /// Says that an initialiser which is carried through unread provides the value.
    package mutating func addOpaqueConstant(_ name: String) throws(CNNOptError) {
        guard !name.isEmpty else { throw CNNOptError(.invalidModel, "an initialiser has no name") }
        let id = internValue(name)
        guard values[id.index]?.constant == nil, values[id.index]?.isOpaqueConstant == false else {
            throw Self.duplicate(name, "initialiser")
        }
        values[id.index]?.isOpaqueConstant = true
    }

    /// Appends a node; its values must be of this graph.
    @discardableResult
    package mutating func addNode(_ node: Node) throws(CNNOptError) -> NodeID {
        let id = NodeID(index: nodes.count)
        nodes.append(NodeSlot(node: nil, previous: nil, next: nil))
        try fill(id, with: node)
        link(id, after: last)
        return id
    }

    /// Adds what one place of the file says of the type to what others said before it.
    private mutating func declare(_ id: ValueID, _ type: ValueType?) {
        version += 1
        guard let type else { return }
        switch (values[id.index]?.type, type) {
        case (.tensor(let known)?, .tensor(let more)): values[id.index]?.type = .tensor(known.refined(by: more))
        case (nil, _): values[id.index]?.type = type
        default: break
        }
    }

    private static func duplicate(_ name: String, _ what: String) -> CNNOptError {
        CNNOptError(.invalidModel, "defined twice as \(what)", remedy: "the file is damaged; export it again").atValue(
            name
        )
    }
}

extension Graph {
    /// Puts the node into its slot and enters it as producer and user of its values.
    mutating func fill(_ id: NodeID, with node: Node) throws(CNNOptError) {
        for (port, output) in node.outputs.enumerated() {
            guard let output else { continue }
            let value = self[output]
            if value.producer != nil || value.constant != nil || value.isOpaqueConstant || value.isGraphInput {
                throw CNNOptError(
                    .invalidModel,
                    "output '\(value.name)' is defined twice",
                    remedy: "the file is damaged; export it again"
                )
                .atNode(node.name ?? value.name, operatorName: node.operatorName.description)
            }
            values[output.index]?.producer = (id, port)
        }
        nodes[id.index].node = node
        for (port, input) in node.inputs.enumerated() {
            if let input { values[input.index]?.uses.append(Value.Use(node: id, port: port)) }
        }
        for name in node.hasSubgraphs ? node.capturedNames : [] {
            let value = internValue(name)
            values[value.index]?.uses.append(Value.Use(node: id, port: nil))
        }
        nodeCount += 1
        version += 1
    }

    /// Takes the node out of its slot and out of its values' producer and user entries.
    mutating func empty(_ id: NodeID) {
        let captured = captures(of: id)
        let node = self[id]
        for case let output? in node.outputs { values[output.index]?.producer = nil }
        for (port, input) in node.inputs.enumerated() {
            if let input { values[input.index]?.uses.remove(Value.Use(node: id, port: port)) }
        }
        for value in captured { values[value.index]?.uses.remove(Value.Use(node: id, port: nil)) }
        nodes[id.index].node = nil
        nodeCount -= 1
        version += 1
    }

    /// Enters a filled slot in the order after another node, or first.
    mutating func link(_ id: NodeID, after previous: NodeID?) {
        let next = previous.map { nodes[$0.index].next } ?? first
        nodes[id.index].previous = previous
        nodes[id.index].next = next
        if let previous { nodes[previous.index].next = id } else { first = id }
        if let next { nodes[next.index].previous = id } else { last = id }
    }

    mutating func unlink(_ id: NodeID) {
        let (previous, next) = (nodes[id.index].previous, nodes[id.index].next)
        if let previous { nodes[previous.index].next = next } else { first = next }
        if let next { nodes[next.index].previous = previous } else { last = previous }
        nodes[id.index].previous = nil
        nodes[id.index].next = nil
    }
}
