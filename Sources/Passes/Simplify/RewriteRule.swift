import GraphIR
import Operators
import Tensors

/// One kind of local change that makes a graph smaller without changing what it computes.
///
/// Each patch has to remove a node or store an input that a node computed, so that applying rules until none matches comes to
/// an end.
protocol RewriteRule: Sendable {
    /// What the rule does, as the report counts it: "constants folded".
    static var name: String { get }

    /// The change at one node; nil where the rule has nothing to do.
    /// - Parameter facts: what was known of the graph before some of its nodes were changed. Values that have gone on existing
    ///   mean the same as before; of newer ones nothing is known but stored tensors.
    static func match(_ id: NodeID, _ graph: Graph, _ facts: GraphFacts) throws(CNNOptError) -> Rewriting?
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

extension Graph {
    /// Whether a subgraph of some node uses the value by its name, so that the name has to stay.
    func isCaptured(_ id: ValueID) -> Bool { self[id].uses.contains { $0.port == nil } }

    /// Whether the value is only for the nodes of this graph: no output of the graph, and not captured.
    func isInner(_ id: ValueID) -> Bool { !self[id].isGraphOutput && !isCaptured(id) }
}
