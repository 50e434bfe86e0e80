import Execution
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
        let memory = try ActivationMemory(graph, facts)
        // Both networks, and the node that is running.
        samples = max(1, Self.budget / 2 / max(1, memory.largestLiveSet))
    }
}
