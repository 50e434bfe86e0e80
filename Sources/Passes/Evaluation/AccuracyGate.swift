import GraphIR
import Tensors

/// The limit that a compressed model has to hold, measured against the original.
package struct AccuracyGate: Sendable {
    /// What is limited.
    package enum Limit: Sendable, Equatable {
        /// At most so many percentage points of top-1 lost.
        case top1Drop(Double)
        /// At most so many percentage points of agreement with the original lost.
        case disagreement(Double)
        /// At least so many decibels of signal-to-noise on seeded inputs.
        case signalToNoise(Double)
    }

    /// One candidate's figure.
    package struct Verdict: Sendable {
        package let validation: Validation
        /// The limited figure, in the limit's own unit.
        package let value: Double
        package let holds: Bool
    }

    package let limit: Limit
    private let reference: Model
    private let samples: any SampleSource
    private let inputShapes: [String: [Int]]
    private let threads: Int

    package init(
        _ limit: Limit,
        reference: Model,
        samples: any SampleSource,
        inputShapes: [String: [Int]] = [:],
        threads: Int
    ) {
        self.limit = limit
        self.reference = reference
        self.samples = samples
        self.inputShapes = inputShapes
        self.threads = threads
    }

    /// Measures a candidate.
    package func judge(_ candidate: Model, progress: (Double) -> Void = { _ in }) throws(CNNOptError) -> Verdict {
        let isRandom = if case .signalToNoise = limit { true } else { false }
        let validation = try Validation.measure(
            reference: reference,
            candidate: candidate,
            samples: samples,
            inputShapes: inputShapes,
            threads: threads,
            isClassifier: !isRandom,
            progress: progress
        )
        switch limit {
        case .top1Drop(let points):
            let drop = validation.top1Drop ?? 0
            return Verdict(validation: validation, value: drop, holds: drop <= points + 1e-9)
        case .disagreement(let points):
            guard let agreement = validation.agreement else {
                // Detectors and other networks without class scores are judged by their outputs.
                return Verdict(validation: validation, value: validation.snrDB, holds: validation.snrDB >= 15)
            }
            return Verdict(validation: validation, value: 100 - agreement, holds: 100 - agreement <= points + 1e-9)
        case .signalToNoise(let decibels):
            return Verdict(validation: validation, value: validation.snrDB, holds: validation.snrDB >= decibels)
        }
    }
}
