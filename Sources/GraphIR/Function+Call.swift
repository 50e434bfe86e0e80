import Tensors

extension Function {
    /// The body as one call has it: attributes that refer to the function's own take the call's value or the default, and
    /// what the call leaves out is left out inside too.
    /// - Throws: `invalidModel` where the call gives more inputs, or asks for more outputs, than there are.
    package func body(for call: Node) throws(CNNOptError) -> Graph {
        let given = (call.inputs.lastIndex { $0 != nil } ?? -1) + 1
        guard given <= body.inputs.count, call.outputs.count <= body.outputs.count else {
            throw CNNOptError(
                .invalidModel,
                "\(given) inputs and \(call.outputs.count) outputs, but the model's function has "
                    + "\(body.inputs.count) and \(body.outputs.count)",
                remedy: "the file is damaged; export it again"
            )
        }
        var values = Dictionary(attributeDefaults.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        for attribute in call.attributes where !attribute.isReference { values[attribute.name] = attribute }
        let absent = body.inputs.indices.filter { !call.inputs.indices.contains($0) || call.inputs[$0] == nil }
        var result = body
        try result.bind(values, leavingOut: Set(absent.map { body[body.inputs[$0]].name }))
        return result
    }
}

extension Attribute {
    /// Whether it stands for an attribute of the enclosing function.
    package var isReference: Bool { !(reference ?? "").isEmpty }
}

extension Graph {
    /// Puts values in the place of references to a function's attributes and empty places in that of absent inputs, in the
    /// subgraphs too.
    fileprivate mutating func bind(
        _ arguments: [String: Attribute],
        leavingOut absent: Set<String>
    ) throws(CNNOptError) {
        for name in absent {
            guard let id = valuesByName[name] else { continue }
            for use in values[id.index]?.uses ?? UseList() {
                if let port = use.port { nodes[use.node.index].node?.inputs[port] = nil }
            }
            values[id.index]?.uses = UseList()
        }
        for index in nodes.indices {
            guard let node = nodes[index].node,
                node.attributes.contains(where: { $0.isReference || !$0.graphs.isEmpty })
            else { continue }
            do throws(CNNOptError) {
                nodes[index].node?.attributes = try Self.bound(node.attributes, arguments, absent)
            } catch {
                throw error.atNode(displayName(NodeID(index: index)), operatorName: node.operatorName.description)
            }
        }
        version += 1
    }

    private static func bound(
        _ attributes: [Attribute],
        _ arguments: [String: Attribute],
        _ absent: Set<String>
    ) throws(CNNOptError) -> [Attribute] {
        var result: [Attribute] = []
        for var attribute in attributes {
            if let reference = attribute.reference, !reference.isEmpty {
                guard var value = arguments[reference] else { continue }
                guard value.graphs.isEmpty else {
                    throw CNNOptError(.unsupported, "attribute '\(reference)' hands a graph to a function of the model")
                }
                value.name = attribute.name
                result.append(value)
                continue
            }
            switch attribute.value {
            case .graph(let graph): attribute.value = .graph(try graph.bound(arguments, absent))
            case .graphs(let graphs):
                var list: [Graph] = []
                for graph in graphs { list.append(try graph.bound(arguments, absent)) }
                attribute.value = .graphs(list)
            default: break
            }
            result.append(attribute)
        }
        return result
    }

    private func bound(_ arguments: [String: Attribute], _ absent: Set<String>) throws(CNNOptError) -> Graph {
        var copy = self
        // A name that the subgraph defines itself is another value.
        try copy.bind(arguments, leavingOut: absent.filter { name in valuesByName[name].map(isOuter) ?? false })
        return copy
    }
}
