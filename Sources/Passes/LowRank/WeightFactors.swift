import Operators
import Tensors

/// A stored weight as a sum of products of one number for each output channel and one for each input of it, the largest term
/// first: the singular value decomposition of the weight as a matrix of output channels × (input channels · kernel).
///
/// Each factor carries the square root of the singular value, so that both have the same range.
struct WeightFactors: Sendable {
    /// All singular values, descending.
    let values: [Double]
    /// The sum of their squares: that of the weight's elements.
    let energy: Double
    /// Terms that are kept: as many as could make the layer smaller.
    let limit: Int
    /// `limit` × output channels, and `limit` × inputs.
    private let left: TensorData
    private let right: TensorData
    private let layout: Layout

    /// How a weight lies in memory around its axis of output channels.
    struct Layout: Sendable {
        let shape: [Int]
        let outputAxis: Int
        let inputAxis: Int
        /// The product of the sizes before and after the axis of output channels.
        let outer: Int
        let inner: Int

        var outputs: Int { shape[outputAxis] }
        var inputs: Int { outer * inner }

        /// nil where the form's axes are not the weight's, or the weight is empty.
        init?(_ shape: [Int], _ form: LinearForm) {
            guard shape.indices.contains(form.weightOutputAxis), shape.indices.contains(form.weightInputAxis),
                form.weightOutputAxis != form.weightInputAxis, let count = checkedProduct(shape), count > 0
            else { return nil }
            self.shape = shape
            outputAxis = form.weightOutputAxis
            inputAxis = form.weightInputAxis
            outer = shape[..<outputAxis].reduce(1, *)
            inner = shape[(outputAxis + 1)...].reduce(1, *)
        }

        /// The shape of the weight that makes `rank` channels.
        func first(_ rank: Int) -> [Int] {
            var result = shape
            result[outputAxis] = rank
            return result
        }

        /// The shape of the weight that makes the output channels out of `rank` ones.
        func second(_ rank: Int) -> [Int] {
            var result = [Int](repeating: 1, count: shape.count)
            result[outputAxis] = outputs
            result[inputAxis] = rank
            return result
        }

        /// Output channels × inputs, row by row.
        func matrix(_ elements: [Double]) -> [Double] {
            if outer == 1 { return elements }
            var result = [Double](repeating: 0, count: elements.count)
            for o in 0..<outer {
                for channel in 0..<outputs {
                    let (from, to) = ((o * outputs + channel) * inner, channel * inputs + o * inner)
                    for i in 0..<inner { result[to + i] = elements[from + i] }
                }
            }
            return result
        }
    }

    /// - Returns: nil where the decomposition does not converge or the energy has no number.
    init?(_ weight: TensorData, _ layout: Layout, limit: Int) throws(CNNOptError) {
        let matrix = layout.matrix(try weight.doubles())
        guard
            let decomposition = SingularValueDecomposition(
                matrix,
                rows: layout.outputs,
                columns: layout.inputs,
                keeping: limit
            )
        else { return nil }
        values = decomposition.values
        energy = values.reduce(0) { $0 + $1 * $1 }
        guard energy.isFinite else { return nil }
        self.layout = layout
        self.limit = min(limit, values.count)
        func scaled(_ vectors: [Double], length: Int) throws(CNNOptError) -> TensorData {
            var vectors = vectors
            for k in 0..<vectors.count / length {
                let root = decomposition.values[k].squareRoot()
                for i in k * length..<(k + 1) * length { vectors[i] *= root }
            }
            return try TensorData(
                doubles: vectors,
                as: weight.elementType,
                shape: [vectors.count / length, length]
            )
        }
        left = try scaled(decomposition.left, length: layout.outputs)
        right = try scaled(decomposition.right, length: layout.inputs)
    }

    /// The part of the energy that the first terms hold.
    func energy(_ rank: Int) -> Double {
        energy > 0 ? 1 - values.dropFirst(rank).reduce(0) { $0 + $1 * $1 } / energy : 1
    }

    /// The smallest number of terms that hold a part of the energy.
    ///
    /// What rounding to float32 leaves of a matrix of lower rank, a part of about 10⁻¹⁵, does not count.
    func rank(holding part: Double) -> Int {
        let allowed = (1 - part + 1e-12) * energy
        var dropped = 0.0
        for k in values.indices.reversed() {
            dropped += values[k] * values[k]
            if dropped > allowed { return k + 1 }
        }
        return 0
    }

    /// The two weights of a rank, which must be from 1 to ``limit``.
    func weights(_ rank: Int) throws(CNNOptError) -> (first: TensorData, second: TensorData) {
        let (outer, inner, inputs, outputs) = (layout.outer, layout.inner, layout.inputs, layout.outputs)
        let (u, v) = (try left.doubles(), try right.doubles())
        var first = [Double](repeating: 0, count: rank * inputs)
        for o in 0..<outer {
            for k in 0..<rank {
                for i in 0..<inner { first[(o * rank + k) * inner + i] = v[k * inputs + o * inner + i] }
            }
        }
        // All other axes have size 1: which of the two comes first is all that matters.
        let isRowMajor = layout.outputAxis < layout.inputAxis
        var second = [Double](repeating: 0, count: rank * outputs)
        for k in 0..<rank {
            for channel in 0..<outputs {
                second[isRowMajor ? channel * rank + k : k * outputs + channel] = u[k * outputs + channel]
            }
        }
        return (
            try TensorData(doubles: first, as: right.elementType, shape: layout.first(rank)),
            try TensorData(doubles: second, as: left.elementType, shape: layout.second(rank))
        )
    }
}
