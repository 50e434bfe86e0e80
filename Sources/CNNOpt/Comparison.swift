import Foundation
import Passes

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
    /// Whether the samples were seeded random inputs: then nothing is known about accuracy.
    public var isOnRandomInputs: Bool
    /// nil without labels.
    public var reference: Accuracy?
    public var candidate: Accuracy?
    public var top1Drop: Double?
    /// The 95 % interval of the paired difference.
    public var top1DropInterval: ClosedRange<Double>?
    /// nil on random inputs and where the first output holds no class scores.
    public var agreement: Double?
    public var snrDB: Double
    public var cosine: Double
    public var maxAbsError: Double
    public var outputs: [Output]

    init(_ validation: Validation, isOnRandomInputs: Bool) {
        self.isOnRandomInputs = isOnRandomInputs
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

// Every key is always there: what was not measured is null.

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
    private enum Key: String, CodingKey {
        case samples, reference, candidate, top1Drop, top1DropInterval, agreement, snrDB, cosine, maxAbsError, outputs
    }

    private enum AccuracyKey: String, CodingKey { case top1, top5 }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(samples, forKey: .samples)
        for (accuracy, key) in [(reference, Key.reference), (candidate, .candidate)] {
            var inner = container.nestedContainer(keyedBy: AccuracyKey.self, forKey: key)
            try inner.encode(accuracy?.top1, forKey: .top1)
            try inner.encode(accuracy?.top5, forKey: .top5)
        }
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
