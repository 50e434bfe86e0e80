import Datasets
import Passes
import Tensors

/// `cnnopt validate`: a candidate measured against a reference, and limits that it has to hold.
public struct ValidationJob: Sendable {
    public var reference: String
    public var candidate: String
    public var data = DataOptions()
    public var options = RunOptions()
    public var gates = Gates()
    /// Judge the drop by its 95 % interval instead of its point value: it fails only where the whole interval lies above the
    /// limit, that is where chance hardly explains it.
    public var judgesByInterval = false
    /// Seeded random inputs that are used without data.
    public var seededInputs = 8

    /// Limits; those that are nil are not asked for.
    public struct Gates: Sendable {
        /// Percentage points of top-1.
        public var maxDrop: Double?
        public var minTop1: Double?
        public var minAgreement: Double?
        /// Decibels.
        public var minSNR: Double?
        public var maxAbsError: Double?

        public init() {}
    }

    public struct Result: Sendable, Encodable {
        public var comparison: Comparison
        public var gates: [Gate]
        public var passed: Bool { gates.allSatisfy(\.passed) }
        public var notes: [String] = []

        private enum Key: String, CodingKey { case gates, passed }

        public func encode(to encoder: any Encoder) throws {
            try comparison.encode(to: encoder)
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(gates, forKey: .gates)
            try container.encode(passed, forKey: .passed)
        }
    }

    public init(reference: String, candidate: String) {
        self.reference = reference
        self.candidate = candidate
    }

    /// Measures and judges. A gate that does not hold is in the result, not an error.
    /// - Throws: `usage` where a gate needs labels or images that were not given.
    public func run() throws(CNNOptError) -> Result {
        let original = try ModelFile.read(reference, threads: options.threads)
            .fixing(inputShapes: options.inputShapes, batch: options.batch)
        let changed = try ModelFile.read(candidate, threads: options.threads)
            .fixing(inputShapes: options.inputShapes, batch: options.batch)
        let images = try data.openAll(for: original, seed: options.seed)
        try check(hasImages: images != nil, hasLabels: images?.labels != nil)
        let samples: any SampleSource =
            if let images { images } else { try seededSamples(for: original, count: seededInputs, seed: options.seed) }
        let progress = options.progress
        let validation = try Validation.measure(
            changed,
            against: ReferenceAnswers(
                original,
                samples: samples,
                threads: options.threads,
                backend: options.backend,
                file: reference,
                budget: 0
            ),
            isClassifier: images != nil,
            file: candidate
        ) { progress("validating", $0) }
        if gates.minAgreement != nil, validation.agreement == nil {
            throw CNNOptError(.usage, "--min-agreement: the first output holds no class scores").inFile(reference)
        }
        return Result(
            comparison: Comparison(validation, isOnRandomInputs: images == nil),
            gates: judge(validation),
            notes: images == nil
                ? ["No --data: accuracy is unmeasured; outputs were compared on \(samples.count) seeded random inputs."]
                : []
        )
    }

    private func check(hasImages: Bool, hasLabels: Bool) throws(CNNOptError) {
        if judgesByInterval, gates.maxDrop == nil {
            throw CNNOptError(.usage, "--significance judges the drop: it needs --max-drop")
        }
        for (name, value) in [("--max-drop", gates.maxDrop), ("--min-top1", gates.minTop1)]
        where value != nil && !hasLabels {
            throw CNNOptError(.usage, "\(name) needs labelled images", remedy: "give --data and --labels")
        }
        if gates.minAgreement != nil, !hasImages {
            throw CNNOptError(.usage, "--min-agreement needs images", remedy: "give --data")
        }
    }

    private func judge(_ validation: Validation) -> [Gate] {
        var result: [Gate] = []
        // Percentages of whole samples are not exact in binary: a limit that is met to the digit holds.
        let slack = 1e-9
        if let limit = gates.maxDrop, let drop = validation.top1Drop, let interval = validation.top1DropInterval {
            let value = judgesByInterval ? interval.lowerBound : drop
            result.append(Gate(name: "max-drop", limit: limit, value: value, passed: value <= limit + slack))
        }
        if let limit = gates.minTop1, let top1 = validation.candidate?.top1 {
            result.append(Gate(name: "min-top1", limit: limit, value: top1, passed: top1 >= limit - slack))
        }
        if let limit = gates.minAgreement, let agreement = validation.agreement {
            result.append(
                Gate(name: "min-agreement", limit: limit, value: agreement, passed: agreement >= limit - slack)
            )
        }
        if let limit = gates.minSNR {
            result.append(
                Gate(name: "min-snr", limit: limit, value: validation.snrDB, passed: validation.snrDB >= limit)
            )
        }
        if let limit = gates.maxAbsError {
            result.append(
                Gate(
                    name: "max-abs-error",
                    limit: limit,
                    value: validation.maxAbsError,
                    passed: validation.maxAbsError <= limit
                )
            )
        }
        return result
    }
}
