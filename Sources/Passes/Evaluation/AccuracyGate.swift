import Execution
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
        /// What was judged: the gate's limit, or its stand-in for models whose first output holds no class scores.
        package let limit: Limit
        /// The limited figure, in the limit's own unit.
        package let value: Double
        package let holds: Bool
    }

    package let limit: Limit
    private let reference: ReferenceAnswers

    /// - Parameter file: the reference's file, which errors name.
    package init(
        _ limit: Limit,
        reference: Model,
        samples: any SampleSource,
        threads: Int,
        backend: Backend = .onednn,
        file: String? = nil
    ) {
        self.limit = limit
        self.reference = ReferenceAnswers(
            reference,
            samples: samples,
            threads: threads,
            backend: backend,
            file: file
        )
    }

    /// Measures a candidate. The reference runs the first time only, as long as its answers take little memory.
    package func judge(_ candidate: Model, progress: (Double) -> Void = { _ in }) throws(CNNOptError) -> Verdict {
        let isRandom = if case .signalToNoise = limit { true } else { false }
        let validation = try Validation.measure(
            candidate,
            against: reference,
            isClassifier: !isRandom,
            progress: progress
        )
        switch limit {
        case .top1Drop(let points):
            let drop = validation.top1Drop ?? 0
            return Verdict(validation: validation, limit: limit, value: drop, holds: drop <= points + 1e-9)
        case .disagreement(let points):
            guard let agreement = validation.agreement else {
                // Detectors and other networks without class scores are judged by their outputs.
                let decibels = Self.signalToNoiseWithoutScores
                return Verdict(
                    validation: validation,
                    limit: .signalToNoise(decibels),
                    value: validation.snrDB,
                    holds: validation.snrDB >= decibels
                )
            }
            let lost = 100 - agreement
            return Verdict(validation: validation, limit: limit, value: lost, holds: lost <= points + 1e-9)
        case .signalToNoise(let decibels):
            return Verdict(
                validation: validation,
                limit: limit,
                value: validation.snrDB,
                holds: validation.snrDB >= decibels
            )
        }
    }

    /// Decibels that stand in for agreement where the first output holds no class scores.
    private static let signalToNoiseWithoutScores = 15.0
}
