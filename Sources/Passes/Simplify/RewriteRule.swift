import GraphIR
import Operators
import Tensors

/// One kind of local change that makes a graph smaller without changing what it computes.
///
/// Each patch has to make something smaller that no other rule makes larger again (the number of nodes, of inputs that are
/// computed, of nodes that are not in their final form), so that applying rules until none matches comes to an end. A value
/// that exists before and after a patch has to hold the same tensor, unless the patch stores one for it: what is known of it is
/// kept.
protocol RewriteRule: Sendable {
    /// What the rule does, as the report counts it: "constants folded".
    static var name: String { get }

    /// Whether the rule may match at nodes of the operator: by its traits, or by its name in `schema`. Asked
    /// once for each operator; the rule is never tried at nodes of the others.
    static func starts(from definition: any Operator.Type) -> Bool

    /// The change at one node; nil where the rule has nothing to do.
    /// - Parameter facts: what is known of the graph as it is now.
    static func match(_ place: RewritePlace, _ graph: Graph, _ facts: GraphFacts) throws(CNNOptError) -> Rewriting?
}

extension RewriteRule {
    static func starts(from definition: any Operator.Type) -> Bool { true }
}

/// A node of a known operator, for the rules to look at.
struct RewritePlace: Sendable {
    let id: NodeID
    let site: OperatorSite
    let definition: any Operator.Type
    let options: SimplifyOptions
}

/// What a user may ask of simplify.
package struct SimplifyOptions: Sendable, Hashable {
    /// Whether constants are folded however much the model grows.
    package var foldsLarge = false
    /// Apply only the first so many patches: for finding a rewriting that is wrong, by halving.
    package var stopAfterPatch: Int?

    package init() {}
}

/// A local change that is found by looking at the whole graph rather than from one node. A run costs as much as the graph is
/// large, whatever it changes.
protocol RewriteSweep: Sendable {
    /// What it does, as the report counts it.
    static var name: String { get }

    /// Changes the engine's graph through ``RewriteEngine/apply(_:of:at:)``, and ends where that applies nothing more.
    static func run(_ engine: inout RewriteEngine) throws(CNNOptError)
}

/// A change that a rule proposes.
struct Rewriting: Sendable {
    var patch: Patch
    /// A node that lives on in another form, and what happened to it.
    var changed: (node: NodeID, text: String)?

    init(_ patch: Patch, changed: (node: NodeID, text: String)? = nil) {
        self.patch = patch
        self.changed = changed
    }
}

extension Rewriting {
    /// Users of a value that are looked at after a change beside them: a rule may wait for the last of its fellow users to go.
    private static let fewUsers = 2

    /// Where rules may match that did not before a change at the node: itself, what feeds it, its users, and the last
    /// other users of what it uses.
    static func neighbours(of id: NodeID, _ graph: Graph) -> [NodeID] {
        var result = [id]
        for case let input? in graph.arguments(of: id) {
            if let producer = graph[input].producer { result.append(producer.node) }
            let others = graph[input].uses.lazy.map(\.node).filter { $0 != id }
            if graph[input].uses.count <= fewUsers + 1 { result += others }
        }
        for case let output? in graph[id].outputs { result += graph[output].uses.map(\.node) }
        return result
    }
}

extension Graph {
    /// Whether a subgraph of some node uses the value by its name, so that the name has to stay.
    func isCaptured(_ id: ValueID) -> Bool { self[id].uses.capturedCount > 0 }

    /// Whether the value is only for the nodes of this graph: no output of the graph, and not captured.
    func isInner(_ id: ValueID) -> Bool { !self[id].isGraphOutput && !isCaptured(id) }
}
