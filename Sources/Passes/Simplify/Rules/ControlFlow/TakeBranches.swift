import GraphIR
import Operators
import Tensors

/// Puts the nodes of the branch that certainly runs in the place of the node that chooses.
///
/// If(true) { then: Relu(a) → r } → y becomes a → Relu → r → Identity → y. Names of the branch that are taken around it, or inside
/// any other graph, get new ones.
enum TakeBranches: RewriteRule {
    static let name = "branches taken"

    static func starts(from definition: any Operator.Type) -> Bool { definition is any ConditionalOperator.Type }

    static func match(_ place: RewritePlace, _ graph: Graph, _ facts: GraphFacts) throws(CNNOptError) -> Rewriting? {
        guard let definition = place.definition as? any ConditionalOperator.Type,
            let branch = (try? definition.takenBranch(place.site)) ?? nil, branch.inputs.isEmpty,
            branch.residue.isEmpty, branch.outputs.count >= place.site.node.outputs.count,
            var inlining = Inlining(branch, at: place.id, graph)
        else { return nil }
        guard inlining.addNodes(), inlining.addOutputs() else { return nil }
        return Rewriting(inlining.patch)
    }
}

/// A graph's nodes put into the graph around it.
private struct Inlining {
    private(set) var patch: Patch
    private let branch: Graph
    private let id: NodeID
    private let graph: Graph
    /// The values of the branch in the graph around it.
    private var values: [ValueID: ValueID] = [:]
    /// Those that got another name.
    private var renamed: Set<String> = []
    private var last: NodeID

    /// nil where the branch holds something that only a graph of its own can hold.
    init?(_ branch: Graph, at id: NodeID, _ graph: Graph) {
        (self.branch, self.id, self.graph, last) = (branch, id, graph, id)
        patch = Patch(graph, author: "simplify")
        var taken = Self.innerNames(graph, besides: id)
        for value in branch.valueIDs {
            let name = branch[value].name
            if branch.isOuter(value) {
                // A name that nothing around the branch has is not used either.
                guard let outer = graph.value(named: name) else { continue }
                values[value] = outer
                continue
            }
            guard !branch[value].isOpaqueConstant else { return nil }
            var fresh = name
            while graph.value(named: fresh) != nil || taken.contains(fresh) {
                fresh = "\(graph.displayName(id))_\(fresh)"
            }
            taken.insert(fresh)
            if fresh != name { renamed.insert(name) }
            if let constant = branch[value].constant {
                values[value] = patch.addConstant(fresh, constant.data, in: graph, reserved: true)
            } else {
                values[value] = patch.addValue(fresh, in: graph, type: branch[value].type, reserved: true)
            }
        }
    }

    /// All names inside the graphs of nodes: none of them may come to mean a value around it.
    private static func innerNames(_ graph: Graph, besides id: NodeID) -> Set<String> {
        var names: Set<String> = []
        var graphs = graph.nodeIDs.filter { $0 != id && graph[$0].hasSubgraphs }.flatMap { graph[$0].subgraphs }
        while let next = graphs.popLast() {
            for value in next.valueIDs { names.insert(next[value].name) }
            for node in next.nodeIDs where next[node].hasSubgraphs { graphs += next[node].subgraphs }
        }
        return names
    }

    mutating func addNodes() -> Bool {
        for inner in branch.nodeIDs {
            var node = branch[inner]
            // Graphs inside use values by name.
            if node.hasSubgraphs {
                for captured in branch.captures(of: inner) where renamed.contains(branch[captured].name) {
                    return false
                }
            }
            for (port, input) in node.inputs.enumerated() {
                guard let input else { continue }
                guard let value = values[input] else { return false }
                node.inputs[port] = value
            }
            for (port, output) in node.outputs.enumerated() {
                guard let output else { continue }
                guard let value = values[output] else { return false }
                node.outputs[port] = value
            }
            last = patch.addNode(node, after: last)
        }
        return true
    }

    mutating func addOutputs() -> Bool {
        for (port, output) in graph[id].outputs.enumerated() {
            guard let output else { continue }
            guard let value = values[branch.outputs[port]] else { return false }
            last = patch.addNode(Node("Identity", inputs: [value], outputs: [output]), after: last)
        }
        patch.removeNode(id)
        return true
    }
}
