import GraphIR
import Operators
import Passes
import Tensors

/// The main job: read a model, transform it, measure what came of it, and write it, whole or not at all.
public struct OptimizationJob: Sendable {
    /// The model to read, and where to write the result; they may be the same.
    public var input: String
    public var output: String
    /// The passes, in the syntax of `--passes`.
    public var passes = "simplify,prune,quant"
    public var data = DataOptions()
    public var options = RunOptions()
    /// Percentage points of top-1 (of agreement without labels) that the result may lose. Where it is given, a result that
    /// loses more is not written.
    public var maxDrop: Double?
    /// The bytes that the result should take in the compact file at most, for passes that can aim at a size.
    public var targetSize: Int?
    /// Compare the result with the original on so many seeded inputs, whatever the passes and beside any images.
    public var check: Int?
    /// The version of the default operator set that the model is brought to before the passes; nil leaves it.
    public var opset: Int?
    /// Let simplify fold constants however much the model grows.
    public var foldLarge = false
    /// Let simplify apply only its first so many patches: for finding a rewriting that is wrong, by halving.
    public var stopAfterPatch: Int?

    public init(input: String, output: String) {
        self.input = input
        self.output = output
    }

    /// The limit of passes that take as much as the gate allows, where the user set none.
    static let defaultMaxDrop = 1.0
    static let defaultSignalToNoise = 15.0
    static let defaultSeededInputs = 8

    /// What ``opset`` may be.
    public static let opsets = OpsetUpgrade.targets

    /// Runs the job. A result that loses more than ``maxDrop`` comes back with its figures, but is not written.
    public func run() throws(CNNOptError) -> OptimizationResult {
        let list = try PassList(parsing: passes)
        try checkSimplifying(list)
        try checkTargetSize(list)
        try ModelFile.checkWritable(output)
        options.progress("reading \(input)", nil)
        let original = try ModelFile.read(input, threads: options.threads)
            .fixing(inputShapes: options.inputShapes, batch: options.batch)
        let images: JobData?
        do {
            images = try data.open(for: original, seed: options.seed)
        } catch {
            throw error.inFile(input)
        }
        var notes = images?.notes ?? []
        let gate = try gate(original, images, isNeeded: list.changesWeights || check != nil, &notes)

        var model = original
        let reports = try transform(&model, list, calibration: images?.calibration, gate)

        // Taken before the output is written, which may be the input.
        let fileBytes = ModelFile.byteCount(input, original)
        let isChanged = model.graph.version != original.graph.version || model.opset() != original.opset()
        let figures = figures(isChanged ? [original, model] : [original], &notes)
        var (before, after) = (figures[0], figures[figures.count - 1])
        (before.fileBytes, after.fileBytes) = (fileBytes, nil)
        var result = OptimizationResult(
            input: input,
            output: output,
            before: before,
            after: after,
            passes: reports,
            notes: notes
        )
        if let gate { try measure(model, gate, &result) }
        if images != nil, check != nil { try measureCheck(model, original, &result) }
        guard result.gate?.passed ?? true else { return result }
        options.progress("writing \(output)", nil)
        try ModelFile.write(model, to: output, threads: options.threads)
        result.written = true
        result.after.fileBytes = ModelFile.writtenByteCount(output, model)
        return result
    }

    /// Options of simplify are refused where it does not run.
    private func checkSimplifying(_ list: PassList) throws(CNNOptError) {
        guard !list.passes.contains(where: { $0 is SimplifyPass }) else { return }
        for (name, isGiven) in [("--fold-large", foldLarge), ("--stop-after-patch", stopAfterPatch != nil)]
        where isGiven {
            throw CNNOptError(.usage, "\(name) is for simplify, which is not among the passes")
        }
    }

    /// A size is refused where no pass aims at one.
    private func checkTargetSize(_ list: PassList) throws(CNNOptError) {
        guard targetSize != nil, !list.passes.contains(where: { ($0 as? QuantizePass)?.aimsAtSize == true }) else {
            return
        }
        throw CNNOptError(
            .usage,
            "--target-size is for quant(codec) without a distortion, which is not among the passes"
        )
    }

    private func transform(
        _ model: inout Model,
        _ list: PassList,
        calibration: (any SampleSource)?,
        _ gate: AccuracyGate?
    ) throws(CNNOptError) -> [OptimizationResult.Pass] {
        var context = PassContext(
            calibration: calibration,
            gate: gate,
            original: model,
            seed: options.seed,
            threads: options.threads,
            backend: options.backend,
            progress: options.progress
        )
        context.simplifying.foldsLarge = foldLarge
        context.targetBytes = targetSize
        let threads = options.threads
        context.compactBytes = { (model) throws(CNNOptError) in try ModelFile.compactByteCount(model, threads: threads)
        }
        context.simplifying.stopAfterPatch = stopAfterPatch
        var reports: [OptimizationResult.Pass] = []
        if let opset {
            options.progress("opset", nil)
            do {
                reports.append(OptimizationResult.Pass(try OpsetUpgrade.report(&model, to: opset)))
            } catch {
                throw error.inFile(input)
            }
        }
        for pass in list.passes {
            let name = type(of: pass).info.name
            options.progress(name, nil)
            do {
                let report = try pass.run(&model, context)
                try model.graph.verify()
                reports.append(OptimizationResult.Pass(report))
            } catch {
                throw error.inPass(name).inFile(input)
            }
        }
        return reports
    }

    private func gate(
        _ original: Model,
        _ images: JobData?,
        isNeeded: Bool,
        _ notes: inout [String]
    ) throws(CNNOptError) -> AccuracyGate? {
        if let images {
            let points = maxDrop ?? Self.defaultMaxDrop
            return AccuracyGate(
                images.evaluation.labels != nil ? .top1Drop(points) : .disagreement(points),
                reference: original,
                samples: images.evaluation,
                threads: options.threads,
                backend: options.backend,
                file: input
            )
        }
        if maxDrop != nil {
            throw CNNOptError(.usage, "--max-drop needs images to measure on", remedy: "give them with --data")
        }
        guard isNeeded else { return nil }
        do {
            return try seededGate(original)
        } catch {
            notes.append("Not compared with the original: \(error.message).")
            return nil
        }
    }

    private func seededGate(_ original: Model) throws(CNNOptError) -> AccuracyGate {
        AccuracyGate(
            .signalToNoise(Self.defaultSignalToNoise),
            reference: original,
            samples: try seededSamples(for: original, count: check ?? Self.defaultSeededInputs, seed: options.seed),
            threads: options.threads,
            backend: options.backend,
            file: input
        )
    }

    private func measure(_ model: Model, _ gate: AccuracyGate, _ result: inout OptimizationResult) throws(CNNOptError) {
        guard let verdict = try judged(model, gate, mayFail: maxDrop == nil, &result) else { return }
        let isRandom = if case .signalToNoise = gate.limit { true } else { false }
        result.comparison = Comparison(verdict.validation, isOnRandomInputs: isRandom)
        if maxDrop != nil { result.gate = Gate(verdict) }
    }

    private func measureCheck(
        _ model: Model,
        _ original: Model,
        _ result: inout OptimizationResult
    ) throws(CNNOptError) {
        guard let verdict = try judged(model, try seededGate(original), mayFail: true, &result) else { return }
        result.check = Comparison(verdict.validation, isOnRandomInputs: true)
    }

    /// The gate's verdict; nil, with a note, where this build cannot run the model and that `mayFail`: such a model is still
    /// worth writing, but that it was not measured must be said.
    private func judged(
        _ model: Model,
        _ gate: AccuracyGate,
        mayFail: Bool,
        _ result: inout OptimizationResult
    ) throws(CNNOptError) -> AccuracyGate.Verdict? {
        let progress = options.progress
        progress("measuring", 0)
        do {
            return try gate.judge(model) { progress("measuring", $0) }
        } catch {
            guard error.code == .unsupported, mayFail else { throw error.inFile(input) }
            result.notes.append("Not measured: \(error.description).")
            return nil
        }
    }

    /// The sizes of models, side by side. Where shapes contradict each other, MACs stay unknown, with a note: such a model is
    /// carried through all the same.
    private func figures(_ models: [Model], _ notes: inout [String]) -> [OptimizationResult.Figures] {
        let empty = OptimizationResult.Figures(weightBytes: 0, parameters: 0, nodes: 0)
        var found = [(figures: OptimizationResult.Figures, note: String?)](
            repeating: (empty, nil),
            count: models.count
        )
        found.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            let target = SharedPointer(base)
            parallelFor(models.count, threads: options.threads) { range in
                for index in range { target.base[index] = Self.figures(models[index]) }
            }
        }
        for case let note? in found.map(\.note) where !notes.contains(note) { notes.append(note) }
        return found.map(\.figures)
    }

    private static func figures(_ model: Model) -> (OptimizationResult.Figures, String?) {
        do throws(CNNOptError) {
            let summary = try ModelSummary(model, fileBytes: 0, includesLayers: false)
            let figures = OptimizationResult.Figures(
                weightBytes: summary.weightBytes,
                parameters: summary.parameters,
                macs: summary.macs,
                nodes: summary.nodes
            )
            return (figures, nil)
        } catch {
            let stored = model.graph.initializers.compactMap { model.graph.constant($0) }
            let figures = OptimizationResult.Figures(
                weightBytes: stored.reduce(0) { $0 + $1.byteCount },
                parameters: stored.reduce(0) { $0 + $1.parameterCount },
                nodes: model.graph.nodeCount
            )
            return (figures, "MACs are unknown: \(error.description).")
        }
    }
}

extension Gate {
    fileprivate init(_ verdict: AccuracyGate.Verdict) {
        switch verdict.limit {
        case .top1Drop(let points):
            self.init(name: "max-drop", limit: points, value: verdict.value, passed: verdict.holds)
        case .disagreement(let points):
            self.init(name: "max-drop in agreement", limit: points, value: verdict.value, passed: verdict.holds)
        case .signalToNoise(let decibels):
            // What stands in for agreement where the first output holds no class scores.
            self.init(name: "min-snr", limit: decibels, value: verdict.value, passed: verdict.holds)
        }
    }
}
