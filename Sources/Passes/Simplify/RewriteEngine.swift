import GraphIR
import Operators
import Tensors

/// Applies rules to a graph until none matches anywhere.
///
/// A worklist holds the nodes to look at: all of them first, then those around each change, so that the cost grows with the
/// changes. When it is empty, sweeps look at the whole graph, and facts are inferred anew; nodes of which more is known then
/// are looked at again.
struct RewriteEngine {
    let rules: [any RewriteRule.Type]
    let sweeps: [any RewriteSweep.Type]
    /// How often each rule and sweep was applied, by name.
    private(set) var counts: [String: Int] = [:]
    /// What happened to nodes that live on, in the order of the changes.
    private(set) var changes: [NodeID: [String]] = [:]

    private var queue: [NodeID] = []
    private var isQueued: Set<NodeID> = []
    /// The rules that may match at nodes of an operator, in their order.
    private var rulesByOperator: [ObjectIdentifier: [any RewriteRule.Type]] = [:]

    init(_ rules: [any RewriteRule.Type], sweeps: [any RewriteSweep.Type]) {
        self.rules = rules
        self.sweeps = sweeps
    }

    mutating func run(_ model: inout Model) throws(CNNOptError) {
        var facts = try GraphFacts(model)
        for id in try model.graph.topologicalOrder() { enqueue(id) }
        while !queue.isEmpty {
            var changed = try drain(&model, facts)
            for sweep in sweeps where try self.sweep(sweep, &model, facts) { changed = true }
            guard changed else { return }
            let newer = try GraphFacts(model)
            for id in model.graph.nodeIDs where newer.knowsMore(than: facts, about: id, model.graph) { enqueue(id) }
            facts = newer
        }
    }

    private mutating func enqueue(_ id: NodeID) {
        if isQueued.insert(id).inserted { queue.append(id) }
    }

    private mutating func rules(for definition: any Operator.Type) -> [any RewriteRule.Type] {
        let key = ObjectIdentifier(definition)
        if let found = rulesByOperator[key] { return found }
        let found = rules.filter { $0.starts(from: definition) }
        rulesByOperator[key] = found
        return found
    }

    private mutating func sweep(
        _ sweep: any RewriteSweep.Type,
        _ model: inout Model,
        _ facts: GraphFacts
    ) throws(CNNOptError) -> Bool {
        let applied = try sweep.run(&model.graph, facts)
        guard !applied.isEmpty else { return false }
        counts[sweep.name, default: 0] += applied.count
        for node in applied.joined() where model.graph.contains(node) { enqueue(node) }
        return true
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
            guard let definition = facts.definition(id, model.graph) else { continue }
            let place = RewritePlace(id: id, site: facts.site(id, model.graph), definition: definition)
            for rule in rules(for: definition) {
                guard let rewriting = try rule.match(place, model.graph, facts) else { continue }
                let around = Rewriting.neighbours(of: id, model.graph)
                let firstNew = model.graph.nodeCapacity
                do {
                    try model.graph.apply(rewriting.patch)
                } catch {
                    throw error.atNode("#\(id.index)", operatorName: rule.name)
                }
                counts[rule.name, default: 0] += 1
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
