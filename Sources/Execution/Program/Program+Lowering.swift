import GraphIR
import Operators
import Tensors

extension Program {
    /// The computations that the targets need, with everything computed that depends on stored tensors alone.
    /// - Parameter facts: inferred from the shapes that will be fed.
    /// - Parameter plain: nodes that are run by their operators' plain kernels.
    init(_ graph: Graph, _ facts: GraphFacts, targets: [ValueID], plain: Set<NodeID> = []) throws(CNNOptError) {
        var lowering = Lowering(graph: graph, facts: facts, plain: plain)
        try lowering.run(targets)
        self = lowering.program
        removeUnused()
    }
}

/// The translation of a graph.
private struct Lowering {
    let graph: Graph
    let facts: GraphFacts
    let plain: Set<NodeID>
    var program = Program()
    /// The program's value for each of the graph's.
    var known: [ValueID: Int] = [:]
    /// Operations that dequantise stored tensors, by their result.
    private var storedIntegers: [Int: Operation] = [:]

    init(graph: Graph, facts: GraphFacts, plain: Set<NodeID>) {
        self.graph = graph
        self.facts = facts
        self.plain = plain
    }

    mutating func run(_ targets: [ValueID]) throws(CNNOptError) {
        for id in graph.feeds { program.inputs.append(value(id)) }
        for id in try graph.nodes(neededFor: targets).nodes {
            let site = site(id)
            do throws(CNNOptError) {
                try lower(id, site)
            } catch {
                throw error.atNode(site.name, operatorName: site.node.operatorName.description)
            }
        }
        program.outputs = targets.map { value($0) }
    }

    /// The node with all that is known about it, tensors that were computed on the way included.
    private func site(_ id: NodeID) -> OperatorSite {
        let site = facts.site(id, graph)
        var inputs = site.inputs
        for (port, input) in site.node.inputs.enumerated() where inputs[port]?.constant == nil {
            inputs[port]?.constant = input.flatMap { known[$0] }.flatMap { program.values[$0].constant }
        }
        return site.replacing(inputs: inputs)
    }

    mutating func value(_ id: ValueID) -> Int {
        if let index = known[id] { return index }
        let constant = facts.constant(id, graph)
        let type = constant.map { TensorType($0.elementType, Shape(sizes: $0.shape)) } ?? facts.type(id)
        let index = program.add(Program.Value(name: graph[id].name, type: Self.fixed(type), constant: constant))
        known[id] = index
        return index
    }

    private static func fixed(_ type: TensorType) -> Program.StaticType? {
        guard let elementType = type.elementType, elementType != .string, let shape = type.sizes,
            (try? TensorData.byteCount(elementType, shape)) != nil
        else { return nil }
        return Program.StaticType(elementType: elementType, shape: shape)
    }

    private mutating func lower(_ id: NodeID, _ site: OperatorSite) throws(CNNOptError) {
        let node = site.node
        if node.outputs.allSatisfy({ $0.map { facts.constant($0, graph) != nil } ?? true }) { return }
        let definition = facts.definition(id, graph)
        if let definition {
            if let port = try definition.forwardedInput(site), let input = node.inputs[port],
                let output = node.outputs[0],
                node.outputs.dropFirst().allSatisfy({
                    $0.map { graph[$0].uses.isEmpty && !graph[$0].isGraphOutput } ?? true
                })
            {
                known[output] = value(input)
                return
            }
            if try fold(definition, site) { return }
            if !plain.contains(id), let operation = try translated(id, definition, site) {
                program.operations += operation
                for part in operation where program.dequantizesStored(part) { storedIntegers[part.outputs[0]] = part }
                return
            }
        }
        let arguments = graph.arguments(of: id)
        add(.reference(try facts.kernel(id, graph)), arguments.map { $0.map { value($0) } }, id, site)
    }

    /// Runs a node whose inputs are all stored.
    private mutating func fold(_ definition: any Operator.Type, _ site: OperatorSite) throws(CNNOptError) -> Bool {
        guard !site.node.hasSubgraphs, try definition.traits(site).isDisjoint(with: [.isImpure, .isQuantization]) else {
            return false
        }
        var tensors: [TensorData?] = []
        for input in site.node.inputs {
            guard let input else {
                tensors.append(nil)
                continue
            }
            guard let constant = program.values[value(input)].constant else { return false }
            tensors.append(constant)
        }
        let results = try definition.reference(site).run(tensors, threads: 1)
        for (port, output) in site.node.outputs.enumerated() {
            guard let output, results.indices.contains(port) else { continue }
            known[output] = program.add(constant: results[port], name: graph[output].name)
        }
        return true
    }

    private mutating func add(_ kind: Operation.Kind, _ inputs: [Int?], _ id: NodeID, _ site: OperatorSite) {
        var outputs: [Int] = []
        for output in site.node.outputs {
            // Kernels give all outputs in order: those that are left out get a value that nothing reads.
            outputs.append(output.map { value($0) } ?? program.add(Program.Value(name: "", type: nil)))
        }
        program.operations.append(
            Operation(
                kind: kind,
                inputs: inputs,
                outputs: outputs,
                nodes: [id],
                names: [site.name],
                operators: [site.node.operatorType]
            )
        )
    }

    // MARK: - Computations

    /// Whether the value has a fixed shape and at least one element.
    private func isFilled(_ value: Int) -> Bool { program.values[value].type.map { $0.count > 0 } ?? false }

    /// The operations of a node that the back end has words for; nil where it has to be run as it is.
    private mutating func translated(_ id: NodeID, _ definition: any Operator.Type, _ site: OperatorSite)
        throws(CNNOptError)
        -> [Operation]?
    {
        let inputs = site.node.inputs.map { $0.map { value($0) } }
        let outputs = site.node.outputs.compactMap { $0.map { value($0) } }
        guard outputs.count == site.node.outputs.count,
            inputs.allSatisfy({ $0.map { program.values[$0].constant != nil || isFilled($0) } ?? true }),
            outputs.allSatisfy(isFilled)
        else { return nil }
        var translation = Translation(
            program: program,
            node: id,
            site: site,
            inputs: inputs,
            outputs: outputs,
            storedIntegers: storedIntegers
        )
        // Held once only, so that nothing is copied.
        program = Program()
        defer { program = translation.program }
        if let affine = try definition.channelAffine(site), try translation.affine(affine) {
        } else if let computation = try definition.computation(site), try translation.add(computation) {
        } else {
            return nil
        }
        if let macs = try definition.cost(site)?.macs, !translation.operations.isEmpty {
            translation.operations[translation.heaviest].macs = macs
        }
        return translation.operations
    }
}
