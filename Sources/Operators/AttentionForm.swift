import GraphIR
import Tensors

/// The attributes of ``Attention``.
struct AttentionForm: Sendable {
    let queryHeads: Int?
    let keyHeads: Int?
    let scale: Double?
    let softcap: Double
    let isCausal: Bool
    /// Keys that a query sees on either side of its own place; nil for all.
    let window: (left: Int?, right: Int?)
    /// What the fourth output shows: products, those after the cap, those after the mask, or probabilities.
    let shown: Int

    init(_ site: OperatorSite) throws(CNNOptError) {
        queryHeads = try site.int("q_num_heads")
        keyHeads = try site.int("kv_num_heads")
        scale = try site.float("scale").map { Double($0) }
        softcap = Double(try site.float("softcap", default: 0))
        isCausal = try site.int("is_causal", default: 0) != 0
        let (left, right) = (
            try site.int("left_window_size", default: -1), try site.int("right_window_size", default: -1)
        )
        window = (left < 0 ? nil : left, right < 0 ? nil : right)
        shown = try site.int("qk_matmul_output_mode", default: 0)
        guard (0...3).contains(shown), queryHeads ?? 1 >= 1, keyHeads ?? 1 >= 1, left >= -1, right >= -1,
            scale ?? 0 >= 0
        else { throw site.failure(.invalidModel, "attributes outside their range") }
    }

    /// A tensor as batch × heads × length × size.
    func heads(_ tensor: TensorData, _ count: Int?) throws(CNNOptError) -> AttentionHeads {
        let shape = tensor.shape
        if shape.count == 4 {
            return try AttentionHeads(tensor, batch: shape[0], heads: shape[1], length: shape[2], size: shape[3])
        }
        guard shape.count == 3, let count, shape[2] % count == 0 else {
            throw CNNOptError(.invalidModel, "a tensor of shape \(shape) in \(count ?? 0) heads")
        }
        return try AttentionHeads(
            tensor,
            batch: shape[0],
            heads: count,
            length: shape[1],
            size: shape[2] / count,
            isLengthFirst: true
        )
    }
}

/// Numbers as batch × heads × length × size.
struct AttentionHeads: Sendable {
    let batch: Int
    let heads: Int
    private(set) var length: Int
    let size: Int
    private(set) var values: [Double]

    /// - Parameter isLengthFirst: whether the tensor holds batch × length × heads × size.
    init(
        _ tensor: TensorData,
        batch: Int,
        heads: Int,
        length: Int,
        size: Int,
        isLengthFirst: Bool = false
    ) throws(CNNOptError) {
        (self.batch, self.heads, self.length, self.size) = (batch, heads, length, size)
        var ordered = tensor
        if isLengthFirst {
            let copy = IndexedCopy([batch, length, heads, size], permutation: [0, 2, 1, 3])
            ordered = try copy.run(tensor.reshaped([batch, length, heads, size]), threads: 1)
        }
        values = try ordered.doubles()
    }

    var shape: [Int] { [batch, heads, length, size] }

    /// The first element of one row.
    func row(_ image: Int, _ head: Int, _ place: Int) -> Int { ((image * heads + head) * length + place) * size }

    /// These rows behind those of a cache.
    /// - Throws: `invalidModel` where the cache does not fit.
    func behind(_ cache: TensorData?) throws(CNNOptError) -> AttentionHeads {
        guard let cache else { return self }
        guard cache.shape.count == 4, cache.shape[0] == batch, cache.shape[1] == heads, cache.shape[3] == size else {
            throw CNNOptError(.invalidModel, "a cache of shape \(cache.shape) for rows of \(shape)")
        }
        let (old, past) = (try cache.doubles(), cache.shape[2])
        var result = self
        result.length = past + length
        result.values = []
        for plane in 0..<batch * heads {
            result.values += old[plane * past * size..<(plane + 1) * past * size]
            result.values += values[plane * length * size..<(plane + 1) * length * size]
        }
        return result
    }
}
