import GraphIR
import Operators
import Tensors

/// Applies rules to a graph until none matches anywhere.
///
/// A worklist holds the nodes to look at: all of them first, then those around each change and those of which more is known
/// after it, so that the cost grows with the changes. When it is empty, sweeps look at the whole graph, then the graphs inside
/// nodes get their turn. Facts are kept from patch to patch.
struct RewriteEngine {
    let rules: [any RewriteRule.Type]
    let sweeps: [any RewriteSweep.Type]
    let options: SimplifyOptions
    private(set) var graph: Graph
    private(set) var facts: GraphFacts
    private(set) var log: RewriteLog
    /// What happened to nodes that live on, in the order of the changes.
    private var changes: [NodeID: [String]] = [:]

    private var queue: [NodeID] = []
    private var isQueued: [Bool] = []
    /// Queued nodes that are to be inferred again first.
    private var isStale: [Bool] = []
    /// Nodes whose inner graphs are to be looked at.
    private var bodies: [NodeID] = []
    /// The rules that may match at nodes of an operator, in their order.
    private var rulesByOperator: [ObjectIdentifier: [any RewriteRule.Type]] = [:]

    /// Looks at all nodes once more after a change far from them, at most so often: one round is nearly always enough, and
    /// without a limit the cost could grow with the square of the graph.
    private static let mostRounds = 8

    init(
        _ graph: Graph,
        _ facts: GraphFacts,
        rules: [any RewriteRule.Type],
        sweeps: [any RewriteSweep.Type],
        options: SimplifyOptions,
        log: RewriteLog
    ) {
        self.graph = graph
        self.facts = facts
        self.rules = rules
        self.sweeps = sweeps
        self.options = options
        self.log = log
    }

    /// - Returns: whether anything was changed.
    @discardableResult
    mutating func run() throws(CNNOptError) -> Bool {
        let start = log.patches.count
        bodies = graph.nodeIDs.filter { graph[$0].hasSubgraphs }
        for _ in 0..<Self.mostRounds {
            let before = log.patches.count
            for id in try graph.topologicalOrder() { enqueue(id) }
            try settle()
            if log.patches.count == before || log.isFull { break }
        }
        return log.patches.count > start
    }

    /// Works until the worklist, the sweeps and the graphs inside nodes have nothing more.
    private mutating func settle() throws(CNNOptError) {
        var swept: Int?
        repeat {
            try drain()
            guard !log.isFull else { return }
            if log.patches.count != swept {
                for sweep in sweeps { try sweep.run(&self) }
                swept = log.patches.count
            }
            if queue.isEmpty { try simplifyBodies() }
        } while !queue.isEmpty && !log.isFull
    }

    /// What happened to nodes that live on, in the order of the graph.
    var layers: [PassReport.Layer] {
        graph.nodeIDs.compactMap { id in
            changes[id].map { changes in
                PassReport.Layer(
                    name: facts.displayName(id, graph),
                    operatorName: graph[id].operatorName.description,
                    change: changes.joined(separator: "; ")
                )
            }
        }
    }

    /// The graph, which is then no longer here.
    mutating func takeGraph() -> Graph {
        var result = Graph()
        swap(&result, &graph)
        result.reservedNames = []
        return result
    }

    private mutating func enqueue(_ id: NodeID) {
        while isQueued.count <= id.index {
            isQueued.append(false)
            isStale.append(false)
        }
        guard !isQueued[id.index] else { return }
        isQueued[id.index] = true
        queue.append(id)
    }

    private mutating func enqueueStale(_ ids: [NodeID]) {
        for id in ids {
            enqueue(id)
            isStale[id.index] = true
        }
    }

    private mutating func rules(for definition: any Operator.Type) -> [any RewriteRule.Type] {
        let key = ObjectIdentifier(definition)
        if let found = rulesByOperator[key] { return found }
        let found = rules.filter { $0.starts(from: definition) }
        rulesByOperator[key] = found
        return found
    }

    /// Works the list off.
    private mutating func drain() throws(CNNOptError) {
        var next = 0
        while next < queue.count, !log.isFull {
            let id = queue[next]
            next += 1
            isQueued[id.index] = false
            guard graph.contains(id) else { continue }
            if isStale[id.index] { try refresh(id) }
            guard let definition = facts.definition(id, graph) else { continue }
            let candidates = rules(for: definition)
            guard !candidates.isEmpty else { continue }
            let place = RewritePlace(id: id, site: facts.site(id, graph), definition: definition, options: options)
            for rule in candidates {
                guard let rewriting = try rule.match(place, graph, facts) else { continue }
                try apply(rewriting, of: rule.name, at: id)
                break
            }
        }
        queue.removeAll(keepingCapacity: true)
    }

    private mutating func refresh(_ id: NodeID) throws(CNNOptError) {
        isStale[id.index] = false
        enqueueStale(try facts.refresh(id, graph))
        if graph[id].hasSubgraphs { bodies.append(id) }
    }

    /// Applies a change and lists the nodes that are to be looked at because of it.
    /// - Returns: false where the limit of patches is reached and nothing was changed.
    @discardableResult
    mutating func apply(_ rewriting: Rewriting, of rule: String, at id: NodeID) throws(CNNOptError) -> Bool {
        guard !log.isFull else { return false }
        let name = facts.displayName(id, graph)
        try log.append(
            PassReport.Patch(rule: rule, node: name, operatorName: graph[id].operatorName.description)
        )
        let changed = Set([id] + rewriting.patch.changedNodes).filter(graph.contains).sorted()
        let around = changed.flatMap { Rewriting.neighbours(of: $0, graph) }
        let firstValue = graph.valueCapacity
        let effect: PatchEffect
        do {
            effect = try graph.apply(rewriting.patch)
            enqueueStale(try facts.update(after: effect, graph))
        } catch {
            throw error.atNode(name, operatorName: rule)
        }
        reserveNames(from: firstValue)
        if let (node, text) = rewriting.changed { changes[node, default: []].append(text) }
        for node in around where graph.contains(node) { enqueue(node) }
        for node in effect.nodes + effect.users.prefix(Self.mostUsers) {
            enqueue(node)
            for output in graph[node].outputs { if let output { enqueueUsers(of: output, depth: 1) } }
        }
        for node in effect.nodes where graph[node].hasSubgraphs { bodies.append(node) }
        return true
    }

    /// Users whose patterns may reach back to a change: not all where there are many, or one change would cost as much as the
    /// graph is large.
    private mutating func enqueueUsers(of value: ValueID, depth: Int) {
        guard depth <= Self.patternDepth, graph[value].uses.count <= Self.mostUsers else { return }
        for use in graph[value].uses {
            enqueue(use.node)
            for output in graph[use.node].outputs { if let output { enqueueUsers(of: output, depth: depth + 1) } }
        }
    }

    /// Nodes that lie between the first and the last of a pattern, at most.
    private static let patternDepth = 3
    private static let mostUsers = 4

    /// Keeps new names apart from those of all graphs of a model, from here on.
    mutating func reserveNames() { graph.reservedNames = graph.allNames }

    private mutating func reserveNames(from firstValue: Int) {
        guard !graph.reservedNames.isEmpty else { return }
        for index in firstValue..<max(firstValue, graph.valueCapacity) {
            let value = ValueID(index: index)
            if graph.contains(value) { graph.reservedNames.insert(graph[value].name) }
        }
    }

    /// Simplifies the graphs inside the nodes that are listed for it.
    private mutating func simplifyBodies() throws(CNNOptError) {
        let listed = Set(bodies).sorted()
        bodies = []
        for id in listed where graph.contains(id) && !log.isFull {
            guard facts.definition(id, graph) != nil else { continue }
            var node = graph[id]
            var isChanged = false
            for index in node.attributes.indices {
                guard let body = facts.body(id, node.attributes[index].name) else { continue }
                if let simpler = try simplified(body) {
                    node.attributes[index].value = .graph(simpler)
                    isChanged = true
                }
            }
            guard isChanged else { continue }
            var patch = Patch(graph, author: SimplifyPass.info.name)
            patch.replaceNode(id, with: node)
            let around = Rewriting.neighbours(of: id, graph)
            enqueueStale(try facts.update(after: graph.apply(patch), graph))
            for node in around where graph.contains(node) { enqueue(node) }
        }
    }

    /// The inner graph after the same rules; nil where they change nothing.
    private mutating func simplified(_ body: NodeBody) throws(CNNOptError) -> Graph? {
        var inner = RewriteEngine(
            body.graph,
            body.facts,
            rules: rules,
            sweeps: sweeps,
            options: options,
            log: RewriteLog(Graph(), limit: nil)
        )
        // Handed over and back, so that nothing is copied.
        inner.exchangeRecords(with: &self)
        let isChanged = try inner.run()
        inner.exchangeRecords(with: &self)
        guard isChanged else { return nil }
        log.innerLayers += inner.layers
        try inner.graph.removeUnusedInitializers(author: SimplifyPass.info.name)
        return inner.graph
    }

    private mutating func exchangeRecords(with other: inout RewriteEngine) {
        swap(&log, &other.log)
        swap(&graph.reservedNames, &other.graph.reservedNames)
    }
}
