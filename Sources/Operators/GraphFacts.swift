import GraphIR
import Tensors

/// What is known about every value of a model's main graph without running it: types, stored tensors, and shape arithmetic.
package struct GraphFacts: Sendable {
    /// Types by value index, inferred and declared knowledge together.
    package private(set) var types: [TensorType?]
    private var elements: [ShapeElements?]
    private var produced: [ValueID: TensorData] = [:]
    package let registry: OperatorRegistry
    private let opsets: [String: Int]

    /// Infers the facts.
    /// - Parameter inputShapes: concrete shapes that override declared graph input shapes, by input.
    /// - Throws: `invalidModel` where a node contradicts its inputs. Unknown operators leave their outputs' types as declared.
    package init(
        _ model: Model,
        inputShapes: [ValueID: [Int]] = [:],
        registry: OperatorRegistry = .standard
    ) throws(CNNOptError) {
        let graph = model.graph
        self.registry = registry
        opsets = Dictionary(
            model.opsetImports.map { (OperatorName("", domain: $0.domain ?? "").domain, $0.version ?? 1) },
            uniquingKeysWith: { first, _ in first }
        )
        types = [TensorType?](repeating: nil, count: graph.valueCapacity)
        elements = [ShapeElements?](repeating: nil, count: graph.valueCapacity)
        for id in graph.valueIDs {
            let value = graph[id]
            if let constant = value.constant?.data {
                types[id.index] = TensorType(constant.elementType, Shape(sizes: constant.shape))
            } else if var type = value.type?.tensor {
                if let sizes = inputShapes[id] { type.shape = Shape(sizes: sizes) }
                // A declared type of an inner value may be stale or wrong; what inference finds comes first.
                types[id.index] = type
            }
        }
        for id in try graph.topologicalOrder() { try infer(id, graph) }
    }

    private mutating func infer(_ id: NodeID, _ graph: Graph) throws(CNNOptError) {
        let node = graph[id]
        guard let definition = registry[node.operatorName] else { return }
        let site = self.site(id, graph)
        try site.checkArity(definition.schema)
        let inferred: [TensorType]
        do {
            inferred = try definition.inferTypes(site)
        } catch {
            throw error.atNode(site.name, operatorName: node.operatorName.description)
        }
        for (port, output) in node.outputs.enumerated() {
            guard let output, inferred.indices.contains(port) else { continue }
            types[output.index] = inferred[port].completed(by: types[output.index] ?? TensorType(nil, nil))
        }
        let known = try definition.inferElements(site)
        for (port, output) in node.outputs.enumerated() {
            guard let output, known.indices.contains(port), let value = known[port],
                value.elements.count <= ShapeElements.limit
            else { continue }
            elements[output.index] = value
        }
        if node.inputs.isEmpty, !definition.traits.contains(.isImpure), let output = node.outputs.first ?? nil {
            produced[output] = try definition.reference(site).run([], threads: 1).first
        }
    }

    /// What is known about a value's type.
    package func type(_ id: ValueID) -> TensorType {
        (types.indices.contains(id.index) ? types[id.index] : nil) ?? TensorType(nil, nil)
    }

    /// The tensor that the model stores for a value, as initialiser or as Constant node.
    package func constant(_ id: ValueID?, _ graph: Graph) -> TensorData? {
        guard let id else { return nil }
        return graph[id].constant?.data ?? produced[id]
    }

    /// The elements of a value that shape arithmetic knows.
    package func shapeElements(_ id: ValueID) -> ShapeElements? {
        elements.indices.contains(id.index) ? elements[id.index] : nil
    }

    /// The operator's definition; nil where this build does not know it.
    package func definition(_ id: NodeID, _ graph: Graph) -> (any Operator.Type)? { registry[graph[id].operatorName] }

    /// The node with all that is known about it.
    package func site(_ id: NodeID, _ graph: Graph) -> OperatorSite {
        let node = graph[id]
        return OperatorSite(
            node: node,
            name: graph.displayName(id),
            opset: opsets[node.operatorName.domain] ?? 1,
            inputs: node.inputs.map { input in
                guard let input else { return nil }
                return OperatorSite.Input(
                    type: type(input),
                    constant: constant(input, graph),
                    elements: shapeElements(input)
                )
            },
            outputTypes: node.outputs.map { $0.map(type) }
        )
    }
}

extension TensorType {
    /// The inferred type with what a declaration knows beyond it. A size declared where inference finds a symbol is a relic of
    /// the export (a batch of 1, say) that the model has outgrown: the symbol stays.
    fileprivate func completed(by declared: TensorType) -> TensorType {
        var result = refined(by: declared)
        for (axis, dimension) in (shape ?? []).enumerated() {
            if case .symbol = dimension { result.shape?[axis] = dimension }
        }
        return result
    }
}

extension OperatorSite {
    /// Checks the number of inputs and outputs.
    package func checkArity(_ schema: OperatorSchema) throws(CNNOptError) {
        // Trailing inputs that are left out count as absent.
        let present = (inputs.lastIndex { $0 != nil } ?? -1) + 1
        guard present <= schema.inputs.upperBound,
            inputs.count >= schema.inputs.lowerBound || present >= schema.inputs.lowerBound
        else {
            throw failure(
                .invalidModel,
                "\(inputs.count) inputs, but \(schema.name) takes \(schema.inputs.lowerBound) to \(schema.inputs.upperBound)"
            )
        }
        guard schema.outputs.contains(node.outputs.count) || node.outputs.count <= schema.outputs.upperBound else {
            throw failure(
                .invalidModel,
                "\(node.outputs.count) outputs, but \(schema.name) has at most \(schema.outputs.upperBound)"
            )
        }
    }
}
