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
        let known: [ShapeElements?]
        do {
            known = try definition.inferElements(site)
        } catch {
            throw error.atNode(site.name, operatorName: node.operatorName.description)
        }
        for (port, output) in node.outputs.enumerated() {
            guard let output, known.indices.contains(port), let value = known[port],
                value.elements.count <= ShapeElements.limit
            else { continue }
            elements[output.index] = value
        }
        try fold(site, definition)
    }

    /// Computes outputs that depend on stored or known tensors alone and are small: shapes, pads, sizes. Larger results are
    /// the business of a pass. A node without inputs is a constant of any size.
    private mutating func fold(_ site: OperatorSite, _ definition: any Operator.Type) throws(CNNOptError) {
        let outputs = site.node.outputs
        guard definition.traits.isDisjoint(with: [.isImpure, .isQuantization]) else { return }
        if site.node.inputs.isEmpty {
            guard let output = outputs.first ?? nil else { return }
            produced[output] = try definition.reference(site).run([], threads: 1).first
            return
        }
        for case let output? in outputs {
            guard let tensor = elements[output.index].flatMap({ known(output, $0) }) else { continue }
            produced[output] = tensor
        }
        let isSmall = outputs.allSatisfy { output in
            guard let output else { return true }
            guard let sizes = type(output).sizes, let count = checkedProduct(sizes) else { return false }
            return count <= ShapeElements.limit
        }
        let present = site.inputs.compactMap { $0 }
        let constants = present.compactMap(\.constant)
        guard isSmall, constants.count == present.count,
            outputs.contains(where: { $0.map { produced[$0] == nil } ?? false }),
            constants.allSatisfy({ $0.count <= Self.largestFoldedInput })
        else { return }
        // What cannot be computed is reported when the node has to run.
        guard
            let results = try? definition.reference(site).run(site.inputs.map { $0?.constant }, threads: 1)
        else { return }
        for (port, output) in outputs.enumerated() {
            guard let output, results.indices.contains(port) else { continue }
            let result = results[port]
            produced[output] = result
            types[output.index] = TensorType(result.elementType, Shape(sizes: result.shape))
            if result.shape.count <= 1, result.count <= ShapeElements.limit, let integers = result.integers() {
                elements[output.index] = ShapeElements(
                    integers.map(Dimension.known),
                    isScalar: result.shape.isEmpty
                )
            }
        }
    }

    /// Elements of an input that folding reads at most.
    private static let largestFoldedInput = 1 << 12

    /// The tensor that fully known elements make.
    private func known(_ id: ValueID, _ elements: ShapeElements) -> TensorData? {
        guard let values = elements.elements.knownValues else { return nil }
        let shape = elements.isScalar ? [] : [values.count]
        switch type(id).elementType {
        case .int64: return try? TensorData(values.map(Int64.init), shape: shape)
        case .int32:
            let narrow = values.compactMap { Int32(exactly: $0) }
            return try? TensorData(narrow, shape: shape)
        default: return nil
        }
    }

    /// What is known about a value's type.
    package func type(_ id: ValueID) -> TensorType {
        (types.indices.contains(id.index) ? types[id.index] : nil) ?? TensorType(nil, nil)
    }

    /// The tensor of a value that does not depend on the model's inputs: an initialiser, a Constant node's, or a small one that
    /// is computed from such and from known shapes.
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
        var site = OperatorSite(
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
        site.usedOutputs = Set(
            node.outputs.indices.filter { port in
                guard let value = node.outputs[port].map({ graph[$0] }) else { return false }
                return !value.uses.isEmpty || value.isGraphOutput
            }
        )
        return site
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
    /// Checks that an older form, which has fewer inputs than the newest, is not given more.
    package func checkNoInputs(from port: Int) throws(CNNOptError) {
        guard inputs.dropFirst(port).allSatisfy({ $0 == nil }) else {
            throw failure(.invalidModel, "\(inputs.count) inputs, but operator set \(opset) has at most \(port) here")
        }
    }

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
