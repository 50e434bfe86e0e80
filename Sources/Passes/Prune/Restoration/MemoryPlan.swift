import GraphIR
import Operators
import Tensors

/// How many samples fit in memory when all of them go through a network side by side with its pruned form.
struct MemoryPlan {
    let samples: Int

    /// Bytes that activations may take.
    private static let budget = min(1_500 << 20, MemoryBudget.largestAllocation / 4)

    /// - Parameter facts: with one sample in each batch.
    init(_ graph: Graph, _ facts: GraphFacts) throws(CNNOptError) {
        let order = try graph.topologicalOrder()
        var lastUse: [ValueID: Int] = [:]
        for (index, id) in order.enumerated() {
            for case let value? in graph[id].inputs + graph[id].outputs { lastUse[value] = index }
        }
        var (live, most) = (0, 1)
        for (index, id) in order.enumerated() {
            let values = Set((graph[id].inputs + graph[id].outputs).compactMap { $0 })
            for case let value? in graph[id].outputs { live += Self.bytes(value, graph, facts) }
            most = max(most, live)
            for value in values where lastUse[value] == index { live -= Self.bytes(value, graph, facts) }
        }
        // Both networks, and the node that is running.
        samples = max(1, Self.budget / max(1, 2 * most))
    }

    private static func bytes(_ value: ValueID, _ graph: Graph, _ facts: GraphFacts) -> Int {
        guard graph[value].constant == nil, let sizes = facts.type(value).sizes, let count = checkedProduct(sizes)
        else {
            return 0
        }
        return min(count, 1 << 40) * 4
    }
}
