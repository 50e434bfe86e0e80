import Foundation
import Tensors

/// The weights with which one group of a linear layer comes nearest to wanted outputs.
///
/// Least squares with a ridge towards the weights as they were: W = (C_yx + λW₀)(C_xx + λI)⁻¹ on covariances, the bias from
/// the means. Source: He, Zhang, Sun: Channel Pruning for Accelerating Very Deep Neural Networks, ICCV 2017.
struct LayerFit {
    /// Outputs × row length.
    var matrix: [Double]
    var bias: [Double]
    /// What became of the layer.
    var method: Method

    enum Method: Equatable {
        case unchanged
        /// Each output scaled and shifted to the wanted mean and variance.
        case rescaled
        /// All weights solved for, with this ridge relative to the mean variance of the inputs.
        case solved(ridge: Double)
    }

    /// The sum over outputs of the mean squared error on rows with the given moments.
    static func error(_ matrix: [Double], _ bias: [Double], _ moments: RowMoments) -> Double {
        let (d, m) = (moments.inputs, moments.outputs)
        guard moments.count > 0 else { return 0 }
        let (xx, xy) = (moments.covarianceXX(centred: true), moments.covarianceXY(centred: true))
        let (meanX, meanY) = (moments.meansX(centred: true), moments.meansY(centred: true))
        let variances = moments.variancesY(centred: true)
        var total = 0.0
        matrix.withUnsafeBufferPointer { w in
            xx.withUnsafeBufferPointer { a in
                guard let w = w.baseAddress, let a = a.baseAddress else { return }
                for i in 0..<m {
                    let row = w + i * d
                    var quadratic = 0.0
                    var cross = 0.0
                    var mean = bias[i] - meanY[i]
                    for j in 0..<d {
                        quadratic += row[j] * dot(a + j * d, row, d)
                        cross += row[j] * xy[j * m + i]
                        mean += row[j] * meanX[j]
                    }
                    total += max(0, variances[i] - 2 * cross + quadratic) + mean * mean
                }
            }
        }
        return total
    }

    /// Weights scaled and biases shifted so that each output has the wanted mean and variance.
    static func rescaled(_ matrix: [Double], _ moments: RowMoments, movesBias: Bool) -> LayerFit {
        let (d, m) = (moments.inputs, moments.outputs)
        let xx = moments.covarianceXX(centred: true)
        let (meanX, meanY) = (moments.meansX(centred: true), moments.meansY(centred: true))
        let variances = moments.variancesY(centred: true)
        var result = LayerFit(matrix: matrix, bias: [Double](repeating: 0, count: m), method: .rescaled)
        for i in 0..<m {
            var variance = 0.0
            matrix.withUnsafeBufferPointer { w in
                xx.withUnsafeBufferPointer { a in
                    guard let w = w.baseAddress, let a = a.baseAddress else { return }
                    for j in 0..<d { variance += w[i * d + j] * dot(a + j * d, w + i * d, d) }
                }
            }
            // A nearly constant output has no scale to restore.
            let scale = variance > 1e-12 * (1 + variances[i]) ? min(4, (variances[i] / variance).squareRoot()) : 1
            var mean = 0.0
            for j in 0..<d {
                result.matrix[i * d + j] *= scale
                mean += result.matrix[i * d + j] * meanX[j]
            }
            result.bias[i] = movesBias ? meanY[i] - mean : 0
        }
        return result
    }

    /// The ridge regression; nil where the system cannot be solved.
    static func solved(
        _ matrix: [Double],
        _ moments: RowMoments,
        ridge: Double,
        movesBias: Bool,
        threads: Int
    ) -> LayerFit? {
        let (d, m) = (moments.inputs, moments.outputs)
        var xx = moments.covarianceXX(centred: movesBias)
        var right = moments.covarianceXY(centred: movesBias)
        let trace = (0..<d).reduce(0) { $0 + xx[$1 * d + $1] } / Double(max(d, 1))
        guard trace > 0, trace.isFinite else { return nil }
        let weight = ridge * trace
        for j in 0..<d {
            xx[j * d + j] += weight
            for i in 0..<m { right[j * m + i] += weight * matrix[i * d + j] }
        }
        guard let factor = CholeskyFactor(xx, size: d, threads: threads) else { return nil }
        factor.solve(&right, columns: m, threads: threads)
        let (meanX, meanY) = (moments.meansX(centred: movesBias), moments.meansY(centred: movesBias))
        var result = LayerFit(matrix: matrix, bias: meanY, method: .solved(ridge: ridge))
        for i in 0..<m {
            var mean = 0.0
            for j in 0..<d {
                result.matrix[i * d + j] = right[j * m + i]
                mean += right[j * m + i] * meanX[j]
            }
            result.bias[i] = movesBias ? meanY[i] - mean : 0
        }
        guard result.matrix.allSatisfy(\.isFinite), result.bias.allSatisfy(\.isFinite) else { return nil }
        return result
    }

    /// Ridges that are tried.
    static let ridges = [1e-4, 1e-3, 1e-2, 1e-1, 1]

    /// The candidate with the least error on rows that the fit has not seen; solved again on all rows.
    static func best(
        _ matrix: [Double],
        _ bias: [Double],
        fit: RowMoments,
        heldOut: RowMoments,
        movesBias: Bool,
        threads: Int
    ) -> LayerFit {
        var best = LayerFit(matrix: matrix, bias: bias, method: .unchanged)
        var least = error(matrix, bias, heldOut)
        func consider(_ candidate: LayerFit?) {
            guard let candidate else { return }
            let error = error(candidate.matrix, candidate.bias, heldOut)
            if error < least { (best, least) = (candidate, error) }
        }
        consider(rescaled(matrix, fit, movesBias: movesBias))
        for ridge in ridges {
            consider(solved(matrix, fit, ridge: ridge, movesBias: movesBias, threads: threads))
        }
        var all = fit
        all.add(heldOut)
        switch best.method {
        case .unchanged: return best
        case .rescaled: return rescaled(matrix, all, movesBias: movesBias)
        case .solved(let ridge):
            return solved(matrix, all, ridge: ridge, movesBias: movesBias, threads: threads) ?? best
        }
    }
}
