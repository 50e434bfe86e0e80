import Foundation
import Passes

/// What the main job did, measured before and after.
public struct OptimizationResult: Sendable, Encodable {
    /// The size of a model.
    public struct Figures: Sendable, Encodable {
        public var fileBytes: Int
        public var weightBytes: Int
        public var parameters: Int
        /// Multiply-accumulates for one run at batch 1; nil where shapes stay unknown.
        public var macs: Int?
        public var nodes: Int
    }

    /// What one pass did.
    public struct Pass: Sendable, Encodable {
        /// What happened to one layer.
        public struct Layer: Sendable, Encodable {
            public var name: String
            public var `operator`: String
            public var change: String?
            public var note: String?
        }

        public var name: String
        public var summary: String
        public var layers: [Layer]
        public var notes: [String]

        init(_ report: PassReport) {
            name = report.pass
            summary = report.summary
            notes = report.notes
            layers = report.layers.map {
                Layer(name: $0.name, operator: $0.operatorName, change: $0.change, note: $0.note)
            }
        }
    }

    public var input: String
    public var output: String
    public var before: Figures?
    public var after: Figures?
    /// nil where nothing was measured; ``notes`` say why.
    public var comparison: Comparison?
    public var passes: [Pass] = []
    public var notes: [String] = []

    init(input: String, output: String) {
        self.input = input
        self.output = output
    }
}

/// A candidate measured against a reference on the same samples. Percentages are 0–100.
public struct Comparison: Sendable, Encodable {
    public struct Accuracy: Sendable, Encodable {
        public var top1: Double
        public var top5: Double
    }

    /// The figures of one output.
    public struct Output: Sendable, Encodable {
        public var name: String
        /// Infinite for equal outputs; null in JSON, which has no infinity.
        public var snrDB: Double
        public var cosine: Double
        public var maxAbsError: Double
    }

    public var samples: Int
    public var reference: Accuracy?
    public var candidate: Accuracy?
    public var top1Drop: Double?
    /// The 95 % interval of the paired difference.
    public var top1DropInterval: ClosedRange<Double>?
    public var agreement: Double?
    public var snrDB: Double
    public var cosine: Double
    public var maxAbsError: Double
    public var outputs: [Output]

    init(_ validation: Validation) {
        samples = validation.samples
        reference = validation.reference.map { Accuracy(top1: $0.top1, top5: $0.top5) }
        candidate = validation.candidate.map { Accuracy(top1: $0.top1, top5: $0.top5) }
        top1Drop = validation.top1Drop
        top1DropInterval = validation.top1DropInterval
        agreement = validation.agreement
        snrDB = validation.snrDB
        cosine = validation.cosine
        maxAbsError = validation.maxAbsError
        outputs = validation.outputs.map {
            Output(
                name: $0.name,
                snrDB: $0.comparison.snrDB,
                cosine: $0.comparison.cosine,
                maxAbsError: $0.comparison.maxAbsError
            )
        }
    }
}

extension Comparison.Output {
    private enum Key: String, CodingKey { case name, snrDB, cosine, maxAbsError }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(name, forKey: .name)
        try container.encode(snrDB.finite, forKey: .snrDB)
        try container.encode(cosine, forKey: .cosine)
        try container.encode(maxAbsError.finite, forKey: .maxAbsError)
    }
}

extension Comparison {
    enum Key: String, CodingKey {
        case samples, reference, candidate, top1Drop, top1DropInterval, agreement, snrDB, cosine, maxAbsError, outputs
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(samples, forKey: .samples)
        try container.encode(reference, forKey: .reference)
        try container.encode(candidate, forKey: .candidate)
        try container.encode(top1Drop, forKey: .top1Drop)
        try container.encode(top1DropInterval.map { [$0.lowerBound, $0.upperBound] }, forKey: .top1DropInterval)
        try container.encode(agreement, forKey: .agreement)
        try container.encode(snrDB.finite, forKey: .snrDB)
        try container.encode(cosine, forKey: .cosine)
        try container.encode(maxAbsError.finite, forKey: .maxAbsError)
        try container.encode(outputs, forKey: .outputs)
    }
}

extension Double {
    /// nil for infinities and NaN, which JSON does not have.
    var finite: Double? { isFinite ? self : nil }

    /// With a fixed number of digits behind the point.
    func formatted(digits: Int) -> String { String(format: "%.\(digits)f", self) }
}
