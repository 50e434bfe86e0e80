import GraphIR
import Tensors

/// What is known about every value of a graph without running it: types, stored tensors, and shape arithmetic. Graphs inside
/// nodes and the functions that nodes call have facts of their own, each for its place: see ``NodeBody``.
package struct GraphFacts: Sendable {
    /// Types by value index, inferred and declared knowledge together.
    package internal(set) var types: [TensorType?]
    var elements: [ShapeElements?]
    var produced: [ValueID: TensorData] = [:]
    package let registry: OperatorRegistry
    /// The graphs inside nodes, by attribute, and the functions that nodes call.
    var bodies: [NodeID: [String: NodeBody]] = [:]
    var calls: [NodeID: NodeBody] = [:]
    /// What was wrong with nodes of a graph that may never run.
    var failures: [NodeID: CNNOptError] = [:]
    let scope: Scope
    /// The operators of nodes by index; nil where this build does not know it, and for calls of the model's own functions.
    var definitions: [(any Operator.Type)?]
    /// Operators that were looked up, for nodes of the same kind.
    var operatorsByType: [String: (any Operator.Type)?] = [:]

    /// What a graph has from its place in the model.
    struct Scope: Sendable {
        let functions: LocalFunctions
        var opsets: [String: Int]
        /// What stands in front of node names in messages.
        var path = ""
        /// Whether the graph may never run: a contradiction in it is then left for the run to meet.
        var isConditional = false
        /// How many loops are around the graph.
        var loops = 0
    }

    /// Infers the facts of the main graph.
    /// - Parameter inputShapes: concrete shapes that override declared graph input shapes, by input.
    /// - Throws: `invalidModel` where a node contradicts its inputs. Unknown operators leave their outputs' types as declared.
    package init(
        _ model: Model,
        inputShapes: [ValueID: [Int]] = [:],
        registry: OperatorRegistry = .standard
    ) throws(CNNOptError) {
        let scope = Scope(
            functions: try LocalFunctions(model),
            opsets: Scope.opsets(model.opsetImports)
        )
        var known: [ValueID: OperatorSite.Input] = [:]
        for (id, sizes) in inputShapes where model.graph.contains(id) {
            let declared = model.graph[id].type?.tensor?.elementType
            known[id] = OperatorSite.Input(type: TensorType(declared, Shape(sizes: sizes)))
        }
        try self.init(model.graph, scope, registry, known: known, isShapeDeclared: true)
    }

    /// - Parameters:
    ///   - known: what the surroundings know of values that the graph does not compute.
    ///   - isShapeDeclared: whether shapes that the file declares hold each time that the graph runs.
    init(
        _ graph: Graph,
        _ scope: Scope,
        _ registry: OperatorRegistry,
        known: [ValueID: OperatorSite.Input],
        isShapeDeclared: Bool
    ) throws(CNNOptError) {
        self.registry = registry
        self.scope = scope
        types = [TensorType?](repeating: nil, count: graph.valueCapacity)
        elements = [ShapeElements?](repeating: nil, count: graph.valueCapacity)
        definitions = [(any Operator.Type)?](repeating: nil, count: graph.nodeCapacity)
        for id in graph.nodeIDs { definitions[id.index] = lookUp(id, graph) }
        for id in graph.valueIDs {
            let value = graph[id]
            // A declared type of an inner value may be stale or wrong; what inference finds comes first.
            var declared = value.type?.tensor
            if !isShapeDeclared { declared?.shape = nil }
            if let constant = value.constant?.data {
                types[id.index] = TensorType(constant.elementType, Shape(sizes: constant.shape))
            } else if let input = known[id] {
                types[id.index] = input.type.completed(by: declared ?? TensorType(nil, nil))
                elements[id.index] = input.elements
                produced[id] = input.constant
            } else {
                types[id.index] = declared
            }
        }
        for id in try graph.topologicalOrder() {
            do throws(CNNOptError) {
                try infer(id, graph)
            } catch {
                guard scope.isConditional else { throw error }
                failures[id] = error
            }
        }
    }

    /// Infers the outputs of a node.
    /// - Parameter isFirst: whether what stands there of its outputs is only what the file declares. Otherwise it is true
    ///   already, and is only made more precise.
    mutating func infer(_ id: NodeID, _ graph: Graph, isFirst: Bool = true) throws(CNNOptError) {
        let node = graph[id]
        if let function = scope.functions[node] { return try inferCall(id, function, graph) }
        guard let definition = definition(id, graph) else { return }
        var site = self.site(id, graph)
        try site.checkArity(definition.schema)
        let inferred: [TensorType]
        let known: [ShapeElements?]
        do {
            if node.attributes.contains(where: { !$0.graphs.isEmpty }) {
                try inferBodies(site, definition, id, graph)
                site.bodies = bodies[id] ?? [:]
            }
            inferred = try definition.inferTypes(site)
            known = try definition.inferElements(site)
        } catch {
            throw error.atNode(site.name, operatorName: node.operatorName.description)
        }
        for (port, output) in node.outputs.enumerated() {
            guard let output, inferred.indices.contains(port) else { continue }
            if let before = types[output.index] {
                types[output.index] =
                    isFirst ? inferred[port].completed(by: before) : before.refined(by: inferred[port])
            } else {
                types[output.index] = inferred[port]
            }
        }
        for (port, output) in node.outputs.enumerated() {
            guard let output, known.indices.contains(port), let value = known[port],
                value.elements.count <= ShapeElements.limit
            else { continue }
            elements[output.index] = elements[output.index]?.refined(by: value) ?? value
        }
        try fold(site, definition)
    }

    /// Computes outputs that depend on stored or known tensors alone and are small: shapes, pads, sizes. Larger results are
    /// the business of a pass. A node without inputs is a constant of any size.
    private mutating func fold(_ site: OperatorSite, _ definition: any Operator.Type) throws(CNNOptError) {
        let outputs = site.node.outputs
        guard site.node.subgraphs.isEmpty, definition.traits.isDisjoint(with: [.isImpure, .isQuantization]) else {
            return
        }
        if site.node.inputs.isEmpty {
            guard let output = outputs.first ?? nil, produced[output] == nil else { return }
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

    /// The operator's definition; nil where this build does not know it, and for calls of the model's own functions.
    package func definition(_ id: NodeID, _ graph: Graph) -> (any Operator.Type)? {
        guard definitions.indices.contains(id.index) else {
            return scope.functions[graph[id]] == nil ? registry[graph[id].operatorName] : nil
        }
        return definitions[id.index]
    }

    mutating func lookUp(_ id: NodeID, _ graph: Graph) -> (any Operator.Type)? {
        guard scope.functions[graph[id]] == nil else { return nil }
        guard graph[id].domain?.isEmpty ?? true else { return registry[graph[id].operatorName] }
        let type = graph[id].operatorType
        if let known = operatorsByType[type] { return known }
        let found = registry[graph[id].operatorName]
        operatorsByType[type] = .some(found)
        return found
    }

    /// A name for messages: that of the node, after those of the nodes that it is inside of.
    package func displayName(_ id: NodeID, _ graph: Graph) -> String { scope.path + graph.displayName(id) }

    /// The node with all that is known about it.
    package func site(_ id: NodeID, _ graph: Graph) -> OperatorSite {
        let node = graph[id]
        var site = OperatorSite(
            node: node,
            name: displayName(id, graph),
            opset: scope.opsets[node.operatorName.domain] ?? 1,
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
        for (port, output) in node.outputs.enumerated() {
            if let output, graph[output].uses.isEmpty, !graph[output].isGraphOutput { site.unusedOutputs.append(port) }
        }
        if !bodies.isEmpty { site.bodies = bodies[id] ?? [:] }
        return site
    }
}

extension ShapeElements {
    /// These elements, with what another description of the same tensor knows beyond them.
    func refined(by other: ShapeElements) -> ShapeElements {
        guard elements.count == other.elements.count, isScalar == other.isScalar else { return self }
        var result = self
        for (place, element) in elements.enumerated() {
            let more = other.elements[place]
            switch (element, more) {
            case (.unknown, _), (.symbol, .known): result.elements[place] = more
            default: break
            }
        }
        return result
    }
}

extension TensorType {
    /// The inferred type with what a declaration knows beyond it. A size declared where inference finds a symbol is a relic of
    /// the export (a batch of 1, say) that the model has outgrown: the symbol stays.
    func completed(by declared: TensorType) -> TensorType {
        var result = refined(by: declared)
        for (axis, dimension) in (shape ?? []).enumerated() {
            if case .symbol = dimension { result.shape?[axis] = dimension }
        }
        return result
    }
}
