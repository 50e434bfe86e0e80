import Tensors

/// The second moments H of a layer's input rows, factored such that the output's error of weights that are rounded one after
/// another falls apart into one term for each weight.
///
/// With e the errors of one output channel's weights, eᵀHe = Σ pivot_k · (e_k + Σ_{j<k} coupling_kj · e_j)²: from H = R·Rᵀ with R upper
/// triangular. A pivot is the part of an input's variance that the inputs behind it do not explain.
struct CurvatureFactor: Sendable {
    let size: Int
    /// Positive.
    let pivots: [Double]
    /// Row k: how much of the error of each weight before it the k-th weight makes up for; `size`² elements.
    let coupling: [Double]

    /// - Parameters:
    ///   - moments: both triangles, row-major, positive semidefinite.
    ///   - order: the order in which weights are rounded.
    ///   - damping: is added to the diagonal, as a part of its mean.
    /// - Returns: nil where the moments are of no use.
    init?(_ moments: [Double], size n: Int, order: [Int]? = nil, damping: Double, threads: Int) {
        guard n > 0, moments.count == n * n else { return nil }
        let order = order ?? Array(0..<n)
        let mean = (0..<n).reduce(0) { $0 + moments[$1 * n + $1] } / Double(n)
        guard mean > 0, mean.isFinite else { return nil }
        var turned = [Double](repeating: 0, count: n * n)
        for i in 0..<n {
            let row = order[n - 1 - i] * n
            for j in 0..<n { turned[i * n + j] = moments[row + order[n - 1 - j]] }
            turned[i * n + i] += mean * damping
        }
        guard let factor = CholeskyFactor(turned, size: n, threads: threads) else { return nil }
        var pivots = [Double](repeating: 0, count: n)
        for j in 0..<n {
            let pivot = factor.element(n - 1 - j, n - 1 - j)
            pivots[j] = pivot * pivot
            for i in 0..<n { turned[j * n + i] = i < j ? factor.element(n - 1 - i, n - 1 - j) / pivot : 0 }
        }
        (size, self.pivots, coupling) = (n, pivots, turned)
    }

    /// For inputs that do not vary together.
    init(diagonal: [Double]) {
        size = diagonal.count
        pivots = diagonal
        coupling = []
    }
}
