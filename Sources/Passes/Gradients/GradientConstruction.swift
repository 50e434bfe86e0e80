import GraphIR
import Operators
import Tensors

/// The gradient nodes while they are made, from the targets back.
struct GradientConstruction {
    static let author = "gradients"

    private let graph: Graph
    private let facts: GraphFacts
    private let path: GradientPath
    private(set) var patch: Patch
    /// Sums of what has come from the users of a value so far.
    private(set) var gradients: [ValueID: ValueID]
    private(set) var incomplete: Set<ValueID> = []
    private(set) var barriers: [GradientGraph.Barrier] = []
    private var last: NodeID?

    init(_ graph: Graph, _ facts: GraphFacts, _ path: GradientPath, seeds: [ValueID: ValueID]) {
        self.graph = graph
        self.facts = facts
        self.path = path
        patch = Patch(graph, author: Self.author)
        gradients = seeds
        for id in graph.nodeIDs { last = id }
    }

    /// Adds the gradients of a node's inputs. All users of its outputs have been added.
    mutating func add(_ id: NodeID) throws(CNNOptError) {
        let node = graph[id]
        let arguments = Set(graph.arguments(of: id).compactMap { $0 }).intersection(path.values)
        if node.outputs.contains(where: { $0.map(incomplete.contains) ?? false }) { incomplete.formUnion(arguments) }
        let given = node.outputs.indices.filter { port in node.outputs[port].map { gradients[$0] != nil } ?? false }
        guard !given.isEmpty else { return }
        guard let definition = facts.definition(id, graph), node.subgraphs.isEmpty else {
            return block(id, arguments, node.subgraphs.isEmpty ? "unknown operator" : "it runs a graph")
        }
        let wanted = node.inputs.indices.filter { port in node.inputs[port].map(path.values.contains) ?? false }
        let real = wanted.filter { port in
            node.inputs[port].map { GradientPath.carriesGradients(facts.type($0)) } ?? false
        }
        var fragment = GradientFragment(facts.site(id, graph), wanted: Set(real), given: Set(given))
        do throws(CNNOptError) {
            try definition.gradient(fragment.site, &fragment)
        } catch {
            guard error.code == .unsupported else { throw error }
            return block(id, arguments, error.message)
        }
        let missing = wanted.filter { fragment.results[$0] == nil }
        if !missing.isEmpty {
            let isReal = missing.allSatisfy { real.contains($0) }
            block(
                id,
                Set(missing.compactMap { node.inputs[$0] }),
                isReal ? "no gradient" : "its input is no float tensor"
            )
        }
        emit(fragment, id)
    }

    private mutating func block(_ id: NodeID, _ values: Set<ValueID>, _ reason: String) {
        incomplete.formUnion(values)
        barriers.append(
            GradientGraph.Barrier(
                node: facts.displayName(id, graph),
                operatorName: graph[id].operatorName.description,
                reason: reason
            )
        )
    }

    /// Puts a fragment's nodes into the patch and adds its results to the gradients of the node's inputs.
    private mutating func emit(_ fragment: GradientFragment, _ id: NodeID) {
        let node = graph[id]
        let stem = graph.displayName(id) + "_gradient"
        var made: [[ValueID]] = []
        func value(_ operand: GradientFragment.Operand, _ patch: inout Patch) -> ValueID? {
            switch operand {
            case .input(let port): node.inputs.indices.contains(port) ? node.inputs[port] : nil
            case .output(let port): node.outputs.indices.contains(port) ? node.outputs[port] : nil
            case .outputGradient(let port):
                (node.outputs.indices.contains(port) ? node.outputs[port] : nil).flatMap { gradients[$0] }
            case .constant(let data, let name): patch.addConstant("\(stem)_\(name)", data, in: graph)
            case .step(let step, let output):
                made.indices.contains(step) && made[step].indices.contains(output) ? made[step][output] : nil
            }
        }
        for step in fragment.steps {
            let outputs = (0..<step.outputCount).map { _ in patch.addValue("\(stem)_\(step.operatorType)", in: graph) }
            let inputs = step.inputs.map { value($0, &patch) }
            append(step.operatorType, inputs, outputs, step.attributes)
            made.append(outputs)
        }
        for port in fragment.results.keys.sorted() {
            guard let input = node.inputs[port], let result = fragment.results[port],
                let gradient = value(result, &patch)
            else { continue }
            accumulate(gradient, input, stem)
        }
    }

    private mutating func accumulate(_ gradient: ValueID, _ value: ValueID, _ stem: String) {
        guard let other = gradients[value] else {
            gradients[value] = gradient
            return
        }
        let sum = patch.addValue("\(stem)_sum", in: graph)
        append("Add", [other, gradient], [sum], [])
        gradients[value] = sum
    }

    private mutating func append(
        _ operatorType: String,
        _ inputs: [ValueID?],
        _ outputs: [ValueID],
        _ attributes: [Attribute]
    ) {
        let node = Node(operatorType, inputs: inputs, outputs: outputs, attributes: attributes)
        last = patch.addNode(node, after: last)
    }
}
