import GraphIR
import Operators
import Tensors

/// Applies rules to a graph until none matches anywhere.
///
/// A worklist holds the nodes to look at: all of them first, then those around each change, so that the cost grows with the
/// changes. Facts are inferred anew when the list is empty; nodes of which more is known then are looked at again.
struct RewriteEngine {
    let rules: [any RewriteRule.Type]
    /// How often each rule was applied.
    private(set) var counts: [Int]
    /// What happened to nodes that live on, in the order of the changes.
    private(set) var changes: [NodeID: [String]] = [:]

    private var queue: [NodeID] = []
    private var isQueued: Set<NodeID> = []

    init(_ rules: [any RewriteRule.Type]) {
        self.rules = rules
        counts = [Int](repeating: 0, count: rules.count)
    }

    mutating func run(_ model: inout Model) throws(CNNOptError) {
        var facts = try GraphFacts(model)
        for id in try model.graph.topologicalOrder() { enqueue(id) }
        while !queue.isEmpty {
            let changed = try drain(&model, facts)
            guard changed else { return }
            let newer = try GraphFacts(model)
            for id in model.graph.nodeIDs where newer.knowsMore(than: facts, about: id, model.graph) { enqueue(id) }
            facts = newer
        }
    }

    private mutating func enqueue(_ id: NodeID) {
        if isQueued.insert(id).inserted { queue.append(id) }
    }

    /// Works the list off. Returns whether anything was changed.
    private mutating func drain(_ model: inout Model, _ facts: GraphFacts) throws(CNNOptError) -> Bool {
        var changed = false
        var next = 0
        while next < queue.count {
            let id = queue[next]
            next += 1
            isQueued.remove(id)
            guard model.graph.contains(id) else { continue }
            for (index, rule) in rules.enumerated() {
                guard let rewriting = try rule.match(id, model.graph, facts) else { continue }
                let around = Self.neighbours(of: id, model.graph)
                let firstNew = model.graph.nodeCapacity
                do {
                    try model.graph.apply(rewriting.patch)
                } catch {
                    throw error.atNode("#\(id.index)", operatorName: rule.name)
                }
                counts[index] += 1
                changed = true
                if let (node, text) = rewriting.changed { changes[node, default: []].append(text) }
                for new in firstNew..<max(firstNew, model.graph.nodeCapacity) { enqueue(NodeID(index: new)) }
                for node in around where model.graph.contains(node) { enqueue(node) }
                break
            }
        }
        queue = []
        return changed
    }

    /// The node, what feeds it and the others that those feed, and its users.
    private static func neighbours(of id: NodeID, _ graph: Graph) -> [NodeID] {
        var result = [id]
        for case let input? in graph.arguments(of: id) {
            guard let producer = graph[input].producer else { continue }
            result.append(producer.node)
            result += graph[input].uses.map(\.node)
        }
        for case let output? in graph[id].outputs { result += graph[output].uses.map(\.node) }
        return result
    }
}

extension GraphFacts {
    /// Whether this says something else of the node's inputs and outputs than older facts did.
    fileprivate func knowsMore(than older: GraphFacts, about id: NodeID, _ graph: Graph) -> Bool {
        (graph[id].inputs + graph[id].outputs).contains { value in
            guard let value else { return false }
            return type(value) != older.type(value) || shapeElements(value) != older.shapeElements(value)
        }
    }
}
