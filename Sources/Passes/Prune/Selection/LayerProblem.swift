import GraphIR
import Operators
import Tensors

/// One layer as its inputs' removal sees it: weights, the inverse covariance of its rows, and the variance of what it feeds.
struct LayerProblem {
    let layer: LinearLayer
    private let rows: LayerRows?
    private var blocks: [Block] = []
    /// The loss of each index of the weight's input axis, for layers whose rows are not understood.
    private var plain: [Double] = []
    private let scale: Double
    private let threads: Int

    /// One group of a grouped convolution.
    private struct Block {
        /// Outputs × row length.
        var weights: [Double]
        /// The inverse covariance; the variances alone for rows that are too long for it.
        var inverse: [Double]
        var isDiagonal: Bool
        var outputs: [Bool]
    }

    /// Rows up to this length get a full covariance.
    static let longestRow = 2_560
    /// Ridge relative to the mean variance of the inputs.
    private static let ridge = 1e-3
    /// Positions of one sample resemble each other: more of them count for so many.
    private static let rowsPerSample = 20

    /// - Parameters:
    ///   - moments: of the layer's rows, for each group.
    ///   - samples: the number of samples that the rows come from.
    ///   - variance: of what the layer feeds, summed over channels.
    /// nil where nothing can be said about the layer.
    init?(
        _ rows: LayerRows,
        weight: TensorData,
        _ moments: [RowMoments],
        samples: Int,
        variance: Double,
        threads: Int
    ) throws(CNNOptError) {
        layer = rows.layer
        self.rows = rows
        self.threads = threads
        guard variance > 0, variance.isFinite else { return nil }
        scale = 1 / variance
        for group in 0..<rows.groups {
            let d = rows.rowLength
            var covariance = moments[group].covarianceXX(centred: true)
            let mean = (0..<d).reduce(0) { $0 + covariance[$1 * d + $1] } / Double(max(d, 1))
            guard mean.isFinite else { return nil }
            // Few samples make inputs look more alike than they are.
            let known = Double(min(moments[group].count, samples * Self.rowsPerSample))
            let shrink = known / (known + Double(d))
            for i in 0..<d {
                for j in 0..<d where i != j { covariance[i * d + j] *= shrink }
                covariance[i * d + i] += Self.ridge * mean + 1e-12
            }
            let weights = try rows.matrix(weight, group: group)
            let outputs = [Bool](repeating: true, count: rows.outputs)
            if let factor = CholeskyFactor(covariance, size: d, threads: threads) {
                let inverse = factor.inverse(threads: threads)
                blocks.append(Block(weights: weights, inverse: inverse, isDiagonal: false, outputs: outputs))
            } else {
                let variances = (0..<d).map { covariance[$0 * d + $0] }
                blocks.append(Block(weights: weights, inverse: variances, isDiagonal: true, outputs: outputs))
            }
        }
    }

    /// A layer of any form: an input's loss is its weights' squared norm times its variance, and nothing makes up for it.
    init?(_ layer: LinearLayer, weight: TensorData, inputVariances: [Double], variance: Double) throws(CNNOptError) {
        self.layer = layer
        rows = nil
        threads = 1
        guard variance > 0, variance.isFinite, weight.shape.indices.contains(layer.form.weightInputAxis) else {
            return nil
        }
        scale = 1 / variance
        let norms = try weight.sliceNorms(axis: layer.form.weightInputAxis, .l2)
        guard !norms.isEmpty, inputVariances.count % norms.count == 0 else { return nil }
        plain = [Double](repeating: 0, count: norms.count)
        // Groups share the indices of the weight's input axis.
        for (channel, variance) in inputVariances.enumerated() {
            plain[channel % norms.count] += norms[channel % norms.count] * variance
        }
    }

    /// The error, relative to the variance, that removing these indices of the weight's input axis leaves.
    func loss(of indices: [Int]) -> Double {
        guard let rows else { return scale * indices.reduce(0) { $0 + plain[$1] } }
        let columns = indices.flatMap { Array(rows.columns(of: $0)) }
        let d = rows.rowLength
        var total = 0.0
        for block in blocks {
            if block.isDiagonal {
                for i in 0..<rows.outputs where block.outputs[i] {
                    for j in columns { total += block.weights[i * d + j] * block.weights[i * d + j] * block.inverse[j] }
                }
                continue
            }
            guard let (factor, right, outputs) = system(block, columns, rows) else { continue }
            var solution = right
            factor.solve(&solution, columns: outputs.count, threads: 1)
            for k in right.indices { total += right[k] * solution[k] }
        }
        return total * scale
    }

    /// The factor of (C⁻¹)_SS, and W_Sᵀ for the outputs that are left.
    private func system(_ block: Block, _ columns: [Int], _ rows: LayerRows) -> (CholeskyFactor, [Double], [Int])? {
        let (d, s) = (rows.rowLength, columns.count)
        var square = [Double](repeating: 0, count: s * s)
        for (a, i) in columns.enumerated() {
            for (b, j) in columns.enumerated() { square[a * s + b] = block.inverse[i * d + j] }
        }
        guard let factor = CholeskyFactor(square, size: s, threads: 1) else { return nil }
        let outputs = (0..<rows.outputs).filter { block.outputs[$0] }
        var right = [Double](repeating: 0, count: s * outputs.count)
        for (a, j) in columns.enumerated() {
            for (k, i) in outputs.enumerated() { right[a * outputs.count + k] = block.weights[i * d + j] }
        }
        return (factor, right, outputs)
    }

    /// Takes the indices out of the weight's input axis; the other weights make up for them.
    mutating func removeInputs(_ indices: [Int]) {
        guard let rows else { return }
        let columns = indices.flatMap { Array(rows.columns(of: $0)) }
        let (d, s) = (rows.rowLength, columns.count)
        for number in blocks.indices {
            if blocks[number].isDiagonal {
                for i in 0..<rows.outputs { for j in columns { blocks[number].weights[i * d + j] = 0 } }
                continue
            }
            guard let (factor, _, _) = system(blocks[number], columns, rows) else { continue }
            // (C⁻¹)_SS⁻¹ · (C⁻¹)_S: explains the removed columns by all others.
            var rest = [Double](repeating: 0, count: s * d)
            for (a, i) in columns.enumerated() {
                for j in 0..<d { rest[a * d + j] = blocks[number].inverse[i * d + j] }
            }
            factor.solve(&rest, columns: d, threads: threads)
            Self.subtract(rest, columns, from: &blocks[number].weights, count: rows.outputs, width: d, threads)
            Self.subtract(rest, columns, from: &blocks[number].inverse, count: d, width: d, threads)
            for j in columns {
                for i in 0..<rows.outputs { blocks[number].weights[i * d + j] = 0 }
                for i in 0..<d {
                    blocks[number].inverse[i * d + j] = 0
                    blocks[number].inverse[j * d + i] = 0
                }
                blocks[number].inverse[j * d + j] = 1
            }
        }
    }

    /// matrix ← matrix − matrix_S · explained, for `count` rows.
    private static func subtract(
        _ explained: [Double],
        _ columns: [Int],
        from matrix: inout [Double],
        count: Int,
        width d: Int,
        _ threads: Int
    ) {
        matrix.withUnsafeMutableBufferPointer { target in
            explained.withUnsafeBufferPointer { source in
                guard let target = target.baseAddress, let source = source.baseAddress else { return }
                let (to, from) = (SharedPointer(target), SharedReadPointer(source))
                parallelFor(count, threads: count * d < 1 << 14 ? 1 : threads) { range in
                    for i in range {
                        let row = to.base + i * d
                        let factors = columns.map { row[$0] }
                        for (a, factor) in factors.enumerated() where factor != 0 {
                            let other = from.base + a * d
                            for j in 0..<d { row[j] -= factor * other[j] }
                        }
                    }
                }
            }
        }
    }

    /// Takes output channels out: they need no input any more.
    mutating func removeOutputs(_ indices: [Int]) {
        guard let rows else { return }
        for index in indices {
            let group = index / rows.outputs
            if blocks.indices.contains(group) { blocks[group].outputs[index % rows.outputs] = false }
        }
    }
}
