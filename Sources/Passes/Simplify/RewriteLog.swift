import GraphIR
import Tensors

/// What rules did so far, over a model's graph and the graphs inside its nodes, and how much more they may do.
struct RewriteLog: Sendable {
    /// Patches after which no more are applied.
    let limit: Int?
    /// Patches that rules which come to an end cannot need.
    let bound: Int
    /// How often each rule was applied, by name.
    private(set) var counts: [String: Int] = [:]
    /// The patches in their order.
    private(set) var patches: [PassReport.Patch] = []
    /// What happened to nodes that live on inside other nodes.
    var innerLayers: [PassReport.Layer] = []

    init(_ graph: Graph, limit: Int?) {
        self.limit = limit
        let size = graph.totalNodeCount
        bound = 1_000 + 32 * size
    }

    /// Whether no more patches may be applied.
    var isFull: Bool { limit.map { patches.count >= $0 } ?? false }

    /// Enters a patch.
    /// - Throws: `internalFault` where there have been so many that the rules must be undoing each other's work.
    mutating func append(_ patch: PassReport.Patch) throws(CNNOptError) {
        guard patches.count < bound else {
            throw CNNOptError(.internalFault, "the rules do not come to an end: \(bound) patches were applied")
                .atNode(patch.node, operatorName: patch.rule)
        }
        counts[patch.rule, default: 0] += 1
        patches.append(patch)
    }
}

extension Graph {
    /// The number of nodes with those of the graphs inside them.
    fileprivate var totalNodeCount: Int {
        var count = 0
        var open = [self]
        while let graph = open.popLast() {
            count += graph.nodeCount
            for id in graph.nodeIDs where graph[id].hasSubgraphs { open += graph[id].subgraphs }
        }
        return count
    }
}
