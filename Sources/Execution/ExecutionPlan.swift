import GraphIR
import Operators
import Tensors

/// How a model is run: the kernels in order, and when each intermediate tensor may be let go. Immutable and shared between
/// threads; one call of ``run(_:threads:observing:observe:)`` is one execution.
package struct ExecutionPlan: Sendable {
    private struct Step: Sendable {
        let name: String
        let operatorName: String
        let kernel: any Kernel
        let inputs: [Int?]
        let outputs: [Int?]
        /// Slots that nothing needs after this step.
        let released: [Int]
    }

    private let steps: [Step]
    /// The stored tensors at their places, everything else empty: how a run begins.
    private let slots: [TensorData?]
    private let edge: ModelEdge

    /// The inputs that the caller feeds, in the graph's order.
    package var feeds: [ModelEdge.Item] { edge.feeds }

    /// Prepares the model's main graph.
    /// - Parameters:
    ///   - targets: values to compute; the graph's outputs by default. Nodes that none of them needs are not run.
    /// - Throws: `unsupported` naming the operator that this build does not know or does not cover.
    package init(_ model: Model, facts: GraphFacts? = nil, targets: [ValueID]? = nil) throws(CNNOptError) {
        let facts = if let facts { facts } else { try GraphFacts(model) }
        try self.init(model.graph, facts, targets: targets)
    }

    /// Prepares a graph with the facts that hold where it stands.
    init(_ graph: Graph, _ facts: GraphFacts, targets: [ValueID]? = nil) throws(CNNOptError) {
        let wanted = targets ?? graph.outputs
        let (nodes, needed) = try graph.nodes(neededFor: wanted)
        let kept = nodes.map { (id: $0, arguments: graph.arguments(of: $0)) }

        var lastUse: [ValueID: Int] = [:]
        for (index, node) in kept.enumerated() {
            for case let value? in node.arguments + graph[node.id].outputs { lastUse[value] = index }
        }
        for value in wanted { lastUse[value] = nil }
        var releases = [[Int]](repeating: [], count: kept.count)
        for (value, index) in lastUse where graph[value].constant == nil { releases[index].append(value.index) }

        var steps: [Step] = []
        for (index, (id, arguments)) in kept.enumerated() {
            let node = graph[id]
            steps.append(
                Step(
                    name: facts.displayName(id, graph),
                    operatorName: node.operatorName.description,
                    kernel: try facts.kernel(id, graph),
                    inputs: arguments.map { $0?.index },
                    outputs: node.outputs.map { $0?.index },
                    released: releases[index].sorted()
                )
            )
        }
        self.steps = steps
        var slots = [TensorData?](repeating: nil, count: graph.valueCapacity)
        for value in needed {
            if let data = graph[value].constant?.data { slots[value.index] = data }
        }
        self.slots = slots
        edge = ModelEdge(graph, facts, needed: needed, targets: wanted)
    }

    /// Runs the model once.
    /// - Parameters:
    ///   - inputs: a tensor for each feed that is needed, by value; element type and rank must be as declared.
    ///   - observing: values handed to `observe` as soon as they are computed (graph inputs too), before they are let go.
    /// - Returns: the targets, in order.
    package func run(
        _ inputs: [ValueID: TensorData],
        threads: Int,
        observing: Set<ValueID> = [],
        observe: (ValueID, TensorData) throws(CNNOptError) -> Void = { _, _ in }
    ) throws(CNNOptError) -> [TensorData] {
        var slots = slots
        for (feed, tensor) in zip(edge.feeds, try edge.checked(inputs)) {
            guard let tensor else { continue }
            slots[feed.id.index] = tensor
            if observing.contains(feed.id) { try observe(feed.id, tensor) }
        }
        var budget = RunBudget()
        return try run(&slots, threads, &budget, observing, observe)
    }

    /// Runs the graph as a part of another run, without a look at types: kernels check what they get.
    /// - Parameters:
    ///   - inputs: the graph's inputs in order; those left out are nil.
    ///   - fill: puts values of graphs around this one into their slots.
    func run(
        _ inputs: [TensorData?],
        threads: Int,
        budget: inout RunBudget,
        fill: (inout [TensorData?]) -> Void = { _ in }
    ) throws(CNNOptError) -> [TensorData] {
        var slots = slots
        for (feed, tensor) in zip(edge.feeds, inputs) { slots[feed.id.index] = tensor }
        fill(&slots)
        return try run(&slots, threads, &budget, []) { (_, _) throws(CNNOptError) in }
    }

    private func run(
        _ slots: inout [TensorData?],
        _ threads: Int,
        _ budget: inout RunBudget,
        _ observing: Set<ValueID>,
        _ observe: (ValueID, TensorData) throws(CNNOptError) -> Void
    ) throws(CNNOptError) -> [TensorData] {
        for step in steps {
            do throws(CNNOptError) {
                var arguments: [TensorData?] = []
                for input in step.inputs {
                    guard let input else {
                        arguments.append(nil)
                        continue
                    }
                    guard let tensor = slots[input] else {
                        throw edge.missing(ValueID(index: input))
                    }
                    arguments.append(tensor)
                }
                let results = try step.kernel.run(arguments, threads: threads, budget: &budget)
                arguments = []
                for (port, output) in step.outputs.enumerated() {
                    guard let output else { continue }
                    guard results.indices.contains(port) else {
                        throw CNNOptError(.unsupported, "output \(port) is not computed by this build")
                    }
                    slots[output] = results[port]
                    let id = ValueID(index: output)
                    if observing.contains(id) { try observe(id, results[port]) }
                }
                for slot in step.released { slots[slot] = nil }
            } catch {
                throw error.atNode(step.name, operatorName: step.operatorName)
            }
        }
        var results: [TensorData] = []
        for output in edge.targets {
            guard let tensor = slots[output.id.index] else {
                throw CNNOptError(.invalidModel, "output '\(output.name)' has no value", remedy: "feed it with --input")
            }
            results.append(tensor)
        }
        return results
    }
}
