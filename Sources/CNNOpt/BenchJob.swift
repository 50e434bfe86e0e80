import Execution
import GraphIR
import Passes
import Tensors

/// `cnnopt bench`: how long a model takes on seeded random inputs.
public struct BenchJob: Sendable {
    public var model: String
    public var options = RunOptions()
    /// Runs that are timed, behind a few that are not.
    public var runs = 20
    /// Time every step too, in as many runs of their own.
    public var profiles = false

    public init(model: String) {
        self.model = model
    }

    private static let warmUps = 3

    /// Makes the plan and runs it.
    /// - Throws: `usage` naming an input whose sizes nothing fixes; a batch that is left open is 1.
    public func run() throws(CNNOptError) -> BenchResult {
        do {
            let loaded = try ModelFile.read(model, threads: options.threads)
                .fixing(inputShapes: options.inputShapes, batch: options.batch)
            let inputs = try randomInputs(for: loaded, seed: options.seed)
            return try measure(loaded, inputs)
        } catch {
            throw error.location.file == nil ? error.inFile(model) : error
        }
    }

    private func measure(_ loaded: Model, _ inputs: [ValueID: TensorData]) throws(CNNOptError) -> BenchResult {
        let clock = ContinuousClock()
        options.progress("planning", nil)
        let start = clock.now
        let engine = try Engine(loaded, backend: options.backend)
        let plan = try engine.prepare(inputs, threads: options.threads)
        let planTime = clock.now - start

        var times: [Double] = []
        for run in -Self.warmUps..<max(runs, 1) {
            options.progress(run < 0 ? "warming up" : "running", run < 0 ? nil : Double(run) / Double(runs))
            let start = clock.now
            _ = try engine.run(inputs, threads: options.threads)
            let time = clock.now - start
            if run >= 0 { times.append(time.milliseconds) }
        }
        return BenchResult(
            batch: engine.feeds.first.flatMap { inputs[$0.id]?.shape.first } ?? 1,
            threads: options.threads,
            runs: times.count,
            latency: BenchResult.Latency(milliseconds: times),
            planMilliseconds: planTime.milliseconds,
            arenaBytes: plan.arenaBytes,
            largestLiveSetBytes: plan.largestLiveSetBytes,
            layers: profiles ? try layers(engine, plan, inputs) : nil
        )
    }

    private func layers(
        _ engine: Engine,
        _ plan: PlanDescription,
        _ inputs: [ValueID: TensorData]
    ) throws(CNNOptError) -> [BenchResult.Layer] {
        var times = [[Double]](repeating: [], count: plan.steps.count)
        for run in 0..<max(runs, 1) {
            options.progress("timing layers", Double(run) / Double(runs))
            let nanoseconds = try engine.profile(inputs, threads: options.threads)
            guard nanoseconds.count == times.count else {
                throw CNNOptError(.internalFault, "\(nanoseconds.count) times of \(times.count) steps")
            }
            for (step, time) in nanoseconds.enumerated() { times[step].append(Double(time) / 1e6) }
        }
        let medians = times.map { BenchResult.Latency(milliseconds: $0).median }
        let total = medians.reduce(0, +)
        return zip(plan.steps, medians).map { step, time in
            BenchResult.Layer(
                name: step.name,
                operators: step.operators,
                kernel: step.kernel,
                layout: step.layout,
                shape: step.shape,
                bytes: step.bytes,
                macs: step.macs,
                milliseconds: time,
                share: total > 0 ? 100 * time / total : 0,
                note: step.note
            )
        }
    }
}

/// A random tensor for each of the model's inputs, of the sizes that the model has; a first dimension that is open is 1.
private func randomInputs(for model: Model, seed: UInt64) throws(CNNOptError) -> [ValueID: TensorData] {
    var inputs: [ValueID: TensorData] = [:]
    for (index, id) in model.graph.feeds.enumerated() {
        let name = model.graph[id].name
        guard let type = model.graph[id].type?.tensor, let elementType = type.elementType, elementType != .string else {
            throw CNNOptError(.unsupported, "input '\(name)' cannot be filled with random numbers")
        }
        let sizes = try sizes(of: name, type.shape)
        // Drawn as one sample: the inputs of some models share no first dimension.
        let samples = SeededSamples(
            count: 1,
            inputs: [.init(elementType: elementType, shape: sizes)],
            seed: seed &+ UInt64(index)
        )
        inputs[id] = try samples.batch(0..<1, threads: 1).reshaped(sizes)
    }
    return inputs
}

private func sizes(of name: String, _ shape: Shape?) throws(CNNOptError) -> [Int] {
    guard let shape else {
        throw CNNOptError(
            .usage,
            "input '\(name)' has no shape",
            remedy: "give it with --input-shape \(name):1,3,224,224"
        )
    }
    let sizes = shape.enumerated().map { axis, dimension in dimension.size ?? (axis == 0 ? 1 : nil) }
    guard let axis = sizes.firstIndex(of: nil) else { return sizes.compactMap { $0 } }
    let example = sizes.map { $0.map(String.init) ?? "?" }.joined(separator: ",")
    throw CNNOptError(
        .usage,
        "input '\(name)' leaves dimension \(axis) open",
        remedy: "fix it with --input-shape \(name):\(example), with a number for each '?'"
    )
}

extension Duration {
    fileprivate var milliseconds: Double { Double(nanoseconds) / 1e6 }
}
