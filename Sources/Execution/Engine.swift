import GraphIR
import Operators
import Tensors

/// What executes a network.
public enum Backend: String, Sendable, CaseIterable {
    /// Fast kernels.
    case onednn
    /// Plain loops, which say what is right.
    case reference
}

/// Runs a model with plans made for the shapes that come, kept for the next run. Shared between threads.
package final class Engine: Sendable {
    private let plan: ExecutionPlan
    private let model: Model
    private let targets: [ValueID]

    /// The inputs that the caller feeds, in the graph's order.
    package let feeds: [ExecutionPlan.Feed]
    /// The targets, in order.
    package let outputs: [ExecutionPlan.Feed]

    /// - Parameters:
    ///   - facts: those of the model, where they are known already.
    ///   - targets: values to compute; the graph's outputs by default. Nodes that none of them needs are not run.
    /// - Throws: `unsupported` naming the operator that this build does not know or does not cover.
    package init(
        _ model: Model,
        backend: Backend,
        facts: GraphFacts? = nil,
        targets: [ValueID]? = nil
    ) throws(CNNOptError) {
        self.model = model
        self.targets = targets ?? model.graph.outputs
        plan = try ExecutionPlan(model, facts: facts, targets: targets)
        feeds = plan.feeds
        outputs = plan.outputs
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
        try plan.run(inputs, threads: threads, observing: observing, observe: observe)
    }

    /// Makes (or finds) the plan for these inputs and says what it is; measures nothing.
    package func prepare(_ inputs: [ValueID: TensorData], threads: Int) throws(CNNOptError) -> PlanDescription {
        let facts = try GraphFacts(model, inputShapes: inputs.mapValues(\.shape))
        return try PlanDescription(reference: model.graph, facts, targets: targets)
    }

    /// One run with the time of each step, in nanoseconds, in the order of ``PlanDescription/steps``.
    package func profile(_ inputs: [ValueID: TensorData], threads: Int) throws(CNNOptError) -> [UInt64] {
        let facts = try GraphFacts(model)
        let nodes = try ActivationMemory(model.graph, facts, targets: targets).nodes
        return try plan.profile(inputs, threads: threads, model.graph, nodes)
    }
}
