import GraphIR
import Operators
import Tensors

/// What executes a network.
public enum Backend: String, Sendable, CaseIterable {
    /// oneDNN's kernels and some of ours, and plain loops for the rest.
    case onednn
    /// Plain loops: the oracle.
    case reference
}

/// Runs a model with plans made for the shapes that come and kept for the next run. Shared between threads.
package final class Engine: Sendable {
    private let model: Model
    private let backend: Backend
    private let facts: GraphFacts
    private let edge: ModelEdge
    /// Made when it is first needed.
    private let reference = Locked<ExecutionPlan?>(nil)
    private let targets: [ValueID]
    private let plans = Locked<[(key: Key, plan: Preparation)]>([])

    /// How the model is run on inputs of certain shapes.
    private enum Preparation: Sendable {
        case compiled(CompiledPlan)
        /// By plain loops: oneDNN refuses a layer.
        case plain
    }

    private struct Key: Hashable, Sendable {
        var shapes: [[Int]?]
        var threads: Int
        var observed: [ValueID]
    }

    /// Plans that are kept: of several batch sizes, or of images that come in some sizes.
    private static let keptPlans = 4

    /// The inputs that the caller feeds, in the graph's order.
    package var feeds: [ModelEdge.Item] { edge.feeds }
    /// The targets, in order.
    package var outputs: [ModelEdge.Item] { edge.targets }

    /// - Parameter targets: values to compute; the graph's outputs by default.
    /// - Throws: `invalidModel` where a node contradicts its inputs. What this build does not know or cover is reported by a run.
    package init(
        _ model: Model,
        backend: Backend,
        facts: GraphFacts? = nil,
        targets: [ValueID]? = nil
    ) throws(CNNOptError) {
        self.model = model
        self.backend = backend
        let targets = targets ?? model.graph.outputs
        let facts = if let facts { facts } else { try GraphFacts(model) }
        let needed = try model.graph.nodes(neededFor: targets).values
        edge = ModelEdge(model.graph, facts, needed: needed, targets: targets)
        self.facts = facts
        self.targets = targets
    }

    /// The plan of plain loops.
    private func plain() throws(CNNOptError) -> ExecutionPlan {
        if let known = reference.withLock({ $0 }) { return known }
        let made = try ExecutionPlan(model, facts: facts, targets: targets)
        reference.withLock { $0 = made }
        return made
    }

    /// Runs the model once.
    /// - Parameters:
    ///   - inputs: a tensor for each feed that is needed, by value; element type and rank must be as declared.
    ///   - observing: values handed to `observe` (graph inputs too): at once by plain loops, at the end by a compiled plan.
    /// - Returns: the targets, in order.
    package func run(
        _ inputs: [ValueID: TensorData],
        threads: Int,
        observing: Set<ValueID> = [],
        observe: (ValueID, TensorData) throws(CNNOptError) -> Void = { _, _ in }
    ) throws(CNNOptError) -> [TensorData] {
        guard backend == .onednn else {
            return try plain().run(inputs, threads: threads, observing: observing, observe: observe)
        }
        let observed = observing.sorted()
        let tensors = try edge.checked(inputs)
        guard case .compiled(let plan) = try plan(tensors, threads, observed) else {
            return try plain().run(inputs, threads: threads, observing: observing, observe: observe)
        }
        let results = try plan.run(tensors)
        for (id, tensor) in zip(observed, results[targets.count...]) { try observe(id, tensor) }
        return Array(results[..<targets.count])
    }

    /// Makes, or finds, the plan for these inputs and says what it is.
    package func prepare(_ inputs: [ValueID: TensorData], threads: Int) throws(CNNOptError) -> PlanDescription {
        if backend == .onednn, case .compiled(let plan) = try plan(try edge.checked(inputs), threads, []) {
            return plan.description
        }
        let facts = try GraphFacts(model, inputShapes: inputs.mapValues(\.shape))
        return try PlanDescription(reference: model.graph, facts, targets: targets)
    }

    /// One run with the time of each step in nanoseconds, in the order of ``PlanDescription/steps``.
    package func profile(_ inputs: [ValueID: TensorData], threads: Int) throws(CNNOptError) -> [UInt64] {
        let tensors = try edge.checked(inputs)
        guard backend == .onednn, case .compiled(let plan) = try plan(tensors, threads, []) else {
            let nodes = try ActivationMemory(model.graph, facts, targets: targets).nodes
            return try plain().profile(inputs, threads: threads, model.graph, nodes)
        }
        var times: [UInt64] = []
        let clock = ContinuousClock()
        var last: ContinuousClock.Instant?
        _ = try plan.run(tensors) {
            let now = clock.now
            if let last { times.append((now - last).nanoseconds) }
            last = now
        }
        return times
    }

    private func plan(_ tensors: [TensorData?], _ threads: Int, _ observed: [ValueID]) throws(CNNOptError)
        -> Preparation
    {
        try edge.checkComplete(tensors)
        let key = Key(shapes: tensors.map { $0?.shape }, threads: threads, observed: observed)
        let known = plans.withLock { plans -> Preparation? in
            guard let index = plans.firstIndex(where: { $0.key == key }) else { return nil }
            let found = plans.remove(at: index)
            plans.append(found)
            return found.plan
        }
        if let known { return known }
        var shapes: [ValueID: [Int]] = [:]
        for (feed, tensor) in zip(feeds, tensors) { if let tensor { shapes[feed.id] = tensor.shape } }
        let facts = try GraphFacts(model, inputShapes: shapes)
        let plan = try compiled(facts, threads, observed)
        plans.withLock { plans in
            plans.append((key, plan))
            if plans.count > Self.keptPlans { plans.removeFirst() }
        }
        return plan
    }

    private func compiled(_ facts: GraphFacts, _ threads: Int, _ observed: [ValueID]) throws(CNNOptError) -> Preparation
    {
        do throws(CNNOptError) {
            let program = try Program(model.graph, facts, targets: targets + observed)
            return .compiled(try CompiledPlan(program, threads: threads))
        } catch {
            // What plain loops do not run either is reported by them.
            guard error.code == .unsupported else { throw error }
            return .plain
        }
    }
}
