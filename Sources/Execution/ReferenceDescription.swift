import GraphIR
import Operators
import Tensors

extension PlanDescription {
    /// The reference back end's plan: a step for each node.
    /// - Parameter facts: hold the sizes: made for concrete input shapes.
    init(reference graph: Graph, _ facts: GraphFacts, targets: [ValueID]) throws(CNNOptError) {
        let memory = try ActivationMemory(graph, facts, targets: targets)
        var steps: [Step] = []
        for id in memory.nodes {
            let outputs = graph[id].outputs.compactMap { $0 }
            let moved = Set(graph.arguments(of: id).compactMap { $0 }).union(outputs)
            steps.append(
                Step(
                    name: facts.displayName(id, graph),
                    operators: graph[id].operatorName.description,
                    kernel: "reference",
                    layout: "plain",
                    shape: outputs.first.flatMap { facts.type($0).sizes } ?? [],
                    bytes: moved.reduce(0) { $0.clampedAdding(facts.type($1).byteCount ?? 0) },
                    macs: try facts.cost(id, graph).macs ?? 0
                )
            )
        }
        self.init(steps: steps, arenaBytes: 0, largestLiveSetBytes: memory.largestLiveSet)
    }
}

extension ExecutionPlan {
    /// One run with the time of each node, in nanoseconds.
    /// - Parameter nodes: those of the plan, in order.
    func profile(
        _ inputs: [ValueID: TensorData],
        threads: Int,
        _ graph: Graph,
        _ nodes: [NodeID]
    ) throws(CNNOptError) -> [UInt64] {
        // A node is done when its last output is there.
        let ends = nodes.compactMap { graph[$0].outputs.last { $0 != nil } ?? nil }
        var times: [UInt64] = []
        let clock = ContinuousClock()
        var last = clock.now
        _ = try run(inputs, threads: threads, observing: Set(ends)) { (_, _) throws(CNNOptError) in
            let now = clock.now
            times.append((now - last).nanoseconds)
            last = now
        }
        return times
    }
}

extension Duration {
    /// Whole nanoseconds; 0 for what lies before the start.
    package var nanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        return UInt64(max(0, seconds)) &* 1_000_000_000 &+ UInt64(max(0, attoseconds)) / 1_000_000_000
    }
}
