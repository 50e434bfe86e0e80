import GraphIR
import Operators
import Passes
import Tensors

/// The main job: read a model, transform it, measure what came of it, and write it, whole or not at all.
public struct OptimizationJob: Sendable {
    /// The model to read, and where to write the result.
    public var input: String
    public var output: String
    /// The passes, in the syntax of `--passes`.
    public var passes = "simplify,prune,quant"
    public var data = DataOptions()
    public var options = RunOptions()
    /// Percentage points of top-1 (of agreement without labels) that the result may lose. Where it is given, a result that
    /// loses more is not written.
    public var maxDrop: Double?
    /// Compare the result with the original on so many seeded inputs even where no pass changes weights.
    public var check: Int?

    public init(input: String, output: String) {
        self.input = input
        self.output = output
    }

    /// The limit of passes that take as much as the gate allows, where the user set none.
    static let defaultMaxDrop = 1.0
    static let defaultSignalToNoise = 15.0
    static let defaultSeededInputs = 8

    /// Runs the job.
    /// - Throws: `gateFailed` where ``maxDrop`` cannot be held; nothing is written then.
    public func run() throws(CNNOptError) -> OptimizationResult {
        let list = try PassList(parsing: passes)
        try ModelFile.checkWritable(output)
        options.progress("reading \(input)", nil)
        let original = try ModelFile.read(input).fixing(inputShapes: options.inputShapes, batch: options.batch)
        var result = OptimizationResult(input: input, output: output)
        let images: JobData?
        do {
            images = try data.open(for: original, seed: options.seed)
        } catch {
            throw error.inFile(input)
        }
        result.notes += images?.notes ?? []
        let gate = try list.changesWeights || images != nil || check != nil ? makeGate(original, images, &result) : nil

        var model = original
        let context = PassContext(
            calibration: images?.calibration,
            gate: gate,
            original: original,
            seed: options.seed,
            threads: options.threads,
            progress: options.progress
        )
        for pass in list.passes {
            let name = type(of: pass).info.name
            options.progress(name, nil)
            do {
                let report = try pass.run(&model, context)
                try model.graph.verify()
                result.passes.append(OptimizationResult.Pass(report))
            } catch {
                throw error.inPass(name).inFile(input)
            }
        }

        if let gate { try measure(model, gate, &result) }
        options.progress("writing \(output)", nil)
        try ModelFile.write(model, to: output)
        result.before = try figures(original, input)
        result.after = try figures(model, output)
        return result
    }

    private func makeGate(
        _ original: Model,
        _ images: JobData?,
        _ result: inout OptimizationResult
    ) throws(CNNOptError) -> AccuracyGate? {
        if let images {
            let points = maxDrop ?? Self.defaultMaxDrop
            return AccuracyGate(
                images.evaluation.labels != nil ? .top1Drop(points) : .disagreement(points),
                reference: original,
                samples: images.evaluation,
                threads: options.threads
            )
        }
        if maxDrop != nil {
            throw CNNOptError(.usage, "--max-drop needs images to measure on", remedy: "give them with --data")
        }
        do {
            let samples = try seededSamples(for: original, count: check ?? Self.defaultSeededInputs, seed: options.seed)
            return AccuracyGate(
                .signalToNoise(Self.defaultSignalToNoise),
                reference: original,
                samples: samples,
                threads: options.threads
            )
        } catch {
            result.notes.append("Not compared with the original: \(error.message).")
            return nil
        }
    }

    private func measure(_ model: Model, _ gate: AccuracyGate, _ result: inout OptimizationResult) throws(CNNOptError) {
        let progress = options.progress
        progress("measuring", 0)
        let verdict: AccuracyGate.Verdict
        do {
            verdict = try gate.judge(model) { progress("measuring", $0) }
        } catch {
            // A model that this build cannot run is still worth writing; that it was not measured must be said.
            guard error.code == .unsupported, maxDrop == nil else { throw error.inFile(input) }
            result.notes.append("Not measured: \(error.description).")
            return
        }
        result.comparison = Comparison(verdict.validation)
        if case .signalToNoise = gate.limit {
            result.notes.append(
                "No --data: accuracy is unmeasured. The outputs were compared on seeded random inputs instead."
            )
        }
        guard let maxDrop, !verdict.holds else { return }
        let what = if case .top1Drop = gate.limit { "top-1" } else { "agreement with the original" }
        throw CNNOptError(
            .gateFailed,
            "the result loses \(verdict.value.formatted(digits: 2)) points of \(what), more than --max-drop \(maxDrop.formatted(digits: 2)) allows; nothing was written",
            remedy: "ask for less (a smaller ratio, more bits) or give more --data"
        ).inFile(input)
    }

    private func figures(_ model: Model, _ path: String) throws(CNNOptError) -> OptimizationResult.Figures {
        let summary = try ModelSummary(model, path: path)
        return OptimizationResult.Figures(
            fileBytes: summary.fileBytes,
            weightBytes: summary.weightBytes,
            parameters: summary.parameters,
            macs: summary.macs,
            nodes: summary.nodes
        )
    }
}
