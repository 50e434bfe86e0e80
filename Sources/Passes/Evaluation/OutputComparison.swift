import Foundation
import Tensors

/// How far a candidate's output lies from the reference's, gathered batch by batch.
package struct OutputComparison: Sendable {
    private var signal = 0.0
    private var noise = 0.0
    private var candidatePower = 0.0
    private var product = 0.0
    /// The largest |candidate − reference|.
    package private(set) var maxAbsError = 0.0
    /// The largest |reference|.
    package private(set) var largestReference = 0.0
    private var elements = 0

    package init() {}

    /// Takes in one pair of tensors of the same element count.
    /// - Throws: `invalidModel` where the counts differ.
    package mutating func add(reference: TensorData, candidate: TensorData) throws(CNNOptError) {
        let (a, b) = (try reference.doubles(), try candidate.doubles())
        guard a.count == b.count else {
            throw CNNOptError(.invalidModel, "the outputs differ in shape: \(reference.shape) and \(candidate.shape)")
        }
        elements += a.count
        for (x, y) in zip(a, b) {
            if x == y || (x.isNaN && y.isNaN) {
                if x.isFinite {
                    signal += x * x
                    candidatePower += x * x
                    product += x * x
                    largestReference = max(largestReference, abs(x))
                }
                continue
            }
            guard x.isFinite, y.isFinite else {
                noise = .infinity
                maxAbsError = .infinity
                continue
            }
            let difference = y - x
            signal += x * x
            candidatePower += y * y
            product += x * y
            noise += difference * difference
            maxAbsError = max(maxAbsError, abs(difference))
            largestReference = max(largestReference, abs(x))
        }
    }

    /// Signal-to-noise ratio in decibels: 10·log₁₀(Σ reference² / Σ difference²); infinite for equal outputs.
    package var snrDB: Double {
        if noise == 0 { return .infinity }
        if noise.isInfinite || signal == 0 { return -.infinity }
        return 10 * log10(signal / noise)
    }

    /// The cosine of the angle between both outputs; 1 where both are all zero.
    package var cosine: Double {
        if noise.isInfinite { return 0 }
        let scale = (signal * candidatePower).squareRoot()
        return scale == 0 ? (signal == candidatePower ? 1 : 0) : min(1, max(-1, product / scale))
    }
}
