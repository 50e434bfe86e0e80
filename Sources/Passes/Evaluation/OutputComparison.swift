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

    package init() {}

    /// Takes in one pair of tensors of the same element count.
    /// - Throws: `invalidModel` where the counts differ.
    package mutating func add(reference: TensorData, candidate: TensorData) throws(CNNOptError) {
        guard reference.count == candidate.count else {
            throw CNNOptError(.invalidModel, "the outputs differ in shape: \(reference.shape) and \(candidate.shape)")
        }
        if reference.elementType == .float32, candidate.elementType == .float32 {
            try reference.withElements(Float.self) { (a) throws(CNNOptError) in
                try candidate.withElements(Float.self) { (b) throws(CNNOptError) in add(a, b) { Double($0) } }
            }
        } else {
            let (a, b) = (try reference.doubles(), try candidate.doubles())
            a.withUnsafeBufferPointer { a in b.withUnsafeBufferPointer { b in add(a, b) { $0 } } }
        }
    }

    @inline(__always)
    private mutating func add<T>(
        _ reference: UnsafeBufferPointer<T>,
        _ candidate: UnsafeBufferPointer<T>,
        _ double: (T) -> Double
    ) {
        var sums = (signal: 0.0, noise: 0.0, power: 0.0, product: 0.0)
        var (largestError, largest) = (maxAbsError, largestReference)
        var isBroken = false
        for index in 0..<min(reference.count, candidate.count) {
            let (x, y) = (double(reference[index]), double(candidate[index]))
            let difference = y - x
            // Finite only where both are: single-precision values cannot overflow here.
            if difference.isFinite {
                sums.signal += x * x
                sums.noise += difference * difference
                sums.power += y * y
                sums.product += x * y
                largestError = max(largestError, abs(difference))
                largest = max(largest, abs(x))
            } else if !(x == y || (x.isNaN && y.isNaN)) {
                isBroken = true
            }
        }
        signal += sums.signal
        noise = isBroken ? .infinity : noise + sums.noise
        candidatePower += sums.power
        product += sums.product
        maxAbsError = isBroken ? .infinity : largestError
        largestReference = largest
    }

    /// Signal-to-noise ratio in decibels: 10·log₁₀(Σ reference² / Σ difference²); infinite for equal outputs.
    package var snrDB: Double {
        if noise == 0 { return .infinity }
        if noise.isInfinite || signal == 0 { return -.infinity }
        return 10 * log10(signal / noise)
    }

    /// The cosine of the angle between both outputs; 1 where both are all zero.
    package var cosine: Double {
        if noise == 0 { return 1 }
        if noise.isInfinite { return 0 }
        let scale = (signal * candidatePower).squareRoot()
        return scale == 0 ? 0 : min(1, max(-1, product / scale))
    }
}
