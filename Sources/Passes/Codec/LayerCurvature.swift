import Operators
import Tensors

/// What errors of one layer's weights do to the model's output: a quadratic form H for each group, the same for all its
/// output channels.
///
/// A network's output sees a layer's errors as Σ over positions of gradient · error. Gradients are split into their mean over the
/// positions of an image and the rest, and so are the rows of inputs: H = between · B + within · W, where B are the second moments
/// of images' mean rows and W those of what is left (Eschenhagen et al., Kronecker-Factored Approximate Curvature for Modern Neural
/// Network Architectures, 2023, call the two parts reduce and expand).
struct LayerCurvature {
    /// One for each group.
    let factors: [CurvatureFactor]
    /// By how much more errors cost on images that the moments were not taken from; at least 1.
    let optimism: Double

    /// The moments of one half of the images.
    struct Moments {
        /// Of all rows, and of each image's mean row; one for each group.
        var rows: [RowMoments]
        var means: [RowMoments]

        mutating func add(_ other: Moments) {
            for group in rows.indices {
                rows[group].add(other.rows[group])
                means[group].add(other.means[group])
            }
        }
    }

    /// Parts of H's diagonal mean that are added to it.
    private static let damping = 0.01
    /// How far products of different inputs are brought towards zero: what is tried (Ledoit and Wolf, 2004).
    private static let shrinkages = [0.01, 0.03, 0.08, 0.2, 0.4]
    /// Within images there are many rows: their products are known better.
    private static let largestWithin = 0.03
    private static let ordinary = 0.03
    /// Rows beyond which shrinkage is not looked for: it takes several matrices of their square.
    private static let longestSearched = 2_400
    /// Output channels that are rounded to compare shrinkages.
    private static let probes = 48

    /// - Parameters:
    ///   - all: of all images.
    ///   - halves: of the images.
    ///   - weights: the weight's rows, by which shrinkages are compared, where there is one group.
    ///   - steps: the steps of a row under a curvature.
    /// - Returns: nil where nothing is known.
    init?(
        _ all: Moments,
        halves: [Moments],
        weights: [Double],
        shares: GradientShares.Share,
        isCentred: Bool,
        threads: Int,
        steps: (CurvatureFactor) -> [Double]
    ) {
        guard let length = all.rows.first?.inputs, length > 0 else { return nil }
        let form = CurvatureForm(length: length, shares: shares, isCentred: isCentred)
        func factor(_ matrix: [Double]) -> CurvatureFactor? {
            guard (0..<length).contains(where: { matrix[$0 * length + $0] > 0 }) else {
                // No input of the group ever varies: any number will do.
                return CurvatureFactor(diagonal: [Double](repeating: 1e-12, count: length))
            }
            return CurvatureFactor(matrix, size: length, damping: Self.damping, threads: threads)
        }

        var (shrinkage, optimism) = (Self.ordinary, 1.0)
        if all.rows.count == 1, length <= Self.longestSearched, halves.count == 2,
            let guess = factor(
                form.matrix(halves[0].rows[0], halves[0].means[0], between: 0.08, within: Self.largestWithin)
            )
        {
            let steps = steps(guess)
            let rows = weights.count / length
            let picked = Array(stride(from: 0, to: rows, by: max(1, rows / Self.probes)))
            let truths = halves.map { form.matrix($0.rows[0], $0.means[0], between: 0, within: 0) }
            var least = Double.infinity
            for candidate in Self.shrinkages {
                var (own, other) = (0.0, 0.0)
                for side in 0..<2 {
                    let half = halves[side]
                    let matrix = form.matrix(
                        half.rows[0],
                        half.means[0],
                        between: candidate,
                        within: min(candidate, Self.largestWithin)
                    )
                    guard let factor = factor(matrix) else { continue }
                    let trial = RoundingTrial(factor, steps: steps)
                    for row in picked {
                        let part = trial.run(weights[row * length..<(row + 1) * length], judgedBy: truths[1 - side])
                        own += part.own
                        other += part.other
                    }
                }
                if own > 0, other < least { (least, shrinkage, optimism) = (other, candidate, max(1, other / own)) }
            }
        }
        var factors: [CurvatureFactor] = []
        for group in all.rows.indices {
            let matrix = form.matrix(
                all.rows[group],
                all.means[group],
                between: shrinkage,
                within: min(shrinkage, Self.largestWithin)
            )
            guard let factor = factor(matrix) else { return nil }
            factors.append(factor)
        }
        (self.factors, self.optimism) = (factors, optimism)
    }
}

/// Puts the two parts of a curvature together.
private struct CurvatureForm {
    let length: Int
    let shares: GradientShares.Share
    /// Whether the means of outputs are corrected afterwards.
    let isCentred: Bool

    /// Both triangles, row-major.
    /// - Parameters:
    ///   - between: how far products of different inputs are shrunk in the part between images.
    ///   - within: the same within images.
    func matrix(_ rows: RowMoments, _ means: RowMoments, between: Double, within: Double) -> [Double] {
        var result = rows.covarianceXX(centred: isCentred)
        let mean = means.covarianceXX(centred: isCentred)
        let (keptBetween, keptWithin) = (shares.between * (1 - between), shares.within * (1 - within))
        for i in 0..<length {
            for j in 0..<length {
                let at = i * length + j
                result[at] =
                    i == j
                    ? shares.between * mean[at] + shares.within * max(0, result[at] - mean[at])
                    : keptBetween * mean[at] + keptWithin * (result[at] - mean[at])
            }
        }
        return result
    }
}

/// Rounds rows to nearest, each number making up for those before it, and judges the errors by another matrix.
private struct RoundingTrial {
    private let factor: CurvatureFactor
    private let steps: [Double]

    init(_ factor: CurvatureFactor, steps: [Double]) {
        self.factor = factor
        self.steps = steps
    }

    /// - Returns: what the errors cost by the factor itself, and eᵀAe of the other matrix A.
    func run(_ row: ArraySlice<Double>, judgedBy other: [Double]) -> (own: Double, other: Double) {
        let n = factor.size
        var errors = [Double](repeating: 0, count: n)
        var (own, others) = (0.0, 0.0)
        errors.withUnsafeMutableBufferPointer { errors in
            row.withUnsafeBufferPointer { weights in
                factor.coupling.withUnsafeBufferPointer { coupling in
                    other.withUnsafeBufferPointer { matrix in
                        guard let e = errors.baseAddress, let w = weights.baseAddress, let a = matrix.baseAddress
                        else { return }
                        let table = coupling.count == n * n ? coupling.baseAddress : nil
                        for k in 0..<n {
                            let target = w[k] + (table.map { dot($0 + k * n, e, k) } ?? 0)
                            let rounded = (target / steps[k]).rounded() * steps[k]
                            e[k] = w[k] - rounded
                            own += factor.pivots[k] * (target - rounded) * (target - rounded)
                        }
                        for i in 0..<n { others += e[i] * dot(a + i * n, e, n) }
                    }
                }
            }
        }
        return (own, others)
    }
}
