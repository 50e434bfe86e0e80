import Foundation
import Tensors

/// Chooses the grid of a layer from λ.
///
/// Where a step is small against the numbers, a uniform quantiser's error is step²/12 and a bit halves the step: D + λR is least where sensitivity ·
/// pivot · step² is the same for all numbers, and proportional to λ (reverse water-filling: Cover and Thomas, Elements of Information
/// Theory, chapter 10). Steps are step_r · 2^shift_k, so that rows follow their sensitivity and places their pivots.
enum GridSteps {
    /// step² · sensitivity · pivot / λ. A uniform quantiser of high resolution would have 6 / ln 2; decisions by D + λR make
    /// larger steps pay.
    private static let factor = 12.0

    /// The part of the pivots' spread that shifts follow: all of it is best where steps are small, none where most multiples are 0.
    private static let spread = 0.7

    /// Steps in an octave.
    private static let resolution = 4.0

    /// - Parameter isDependent: whether a trellis leaves every other multiple, for which steps are half as large.
    static func grid(_ rounding: GridRounding, isDependent: Bool = false) -> WeightGrid {
        let logs = rounding.factors.map { factor in factor.pivots.map { log2(max($0, 1e-300)) } }
        // Relative to each group's own mean, on average over groups.
        let count = Double(max(rounding.length, 1))
        let means = logs.map { $0.reduce(0, +) / count }
        let relative = (0..<rounding.length).map { place in
            zip(logs, means).reduce(0) { $0 + $1.0[place] - $1.1 } / Double(max(logs.count, 1))
        }
        let highest = relative.max() ?? 0
        let shifts = relative.map { log -> UInt8 in
            UInt8(max(0, min((spread * 0.5 * (highest - log)).rounded(), Double(WeightGrid.largestShift))))
        }
        let meanShift = shifts.reduce(0) { $0 + Double($1) } / count
        let rows = rounding.sensitivities.count
        // log₂ of what an error of one, everywhere in the row, would cost.
        let costs = (0..<rows).map { row in
            let group = means.count == 1 ? 0 : row * means.count / rows
            return log2(max(rounding.sensitivities[row], 1e-300)) + means[group]
        }
        let floor = (costs.max() ?? 0) - 20
        let steps = costs.map { cost -> Float in
            let exponent =
                0.5 * (log2((isDependent ? factor / 4 : factor) * rounding.lambda) - max(cost, floor))
                - meanShift
            return LogarithmicStep.step(Int((min(max(exponent, -100), 100) * resolution).rounded()))
        }
        return WeightGrid(steps: steps, shifts: shifts, isDependent: isDependent)
    }
}
