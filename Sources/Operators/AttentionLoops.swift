import Tensors

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The loops of ``Attention`` in double precision.
struct AttentionLoops {
    let form: AttentionForm
    let query: AttentionHeads
    let key: AttentionHeads
    let value: AttentionHeads
    /// What is added to each product: −∞ where a query must not see a key; broadcast to batch × heads × queries × keys.
    let mask: (values: [Double], strides: [Int])?
    /// Keys in front of the first query's own place, for each image.
    let offsets: [Int]
    /// Keys that count, for each image; all where nil.
    let filled: [Int]?

    /// - Throws: `invalidModel` where sizes do not fit each other.
    func check() throws(CNNOptError) {
        guard query.batch == key.batch, key.batch == value.batch, query.size == key.size, key.length == value.length,
            key.heads == value.heads, key.heads > 0, query.heads % key.heads == 0
        else {
            throw CNNOptError(
                .invalidModel,
                "queries \(query.shape), keys \(key.shape) and values \(value.shape) do not fit"
            )
        }
    }

    /// The mixed values, batch × heads × queries × value size, and what the form wants shown of the products.
    func run() throws(CNNOptError) -> (mixed: TensorData, shown: TensorData) {
        let shape = [query.batch, query.heads, query.length, value.size]
        let products = [query.batch, query.heads, query.length, key.length]
        try IndexedCopy.check(shape, .float64)
        try IndexedCopy.check(products, .float64)
        var mixed = [Double](repeating: 0, count: shape.reduce(1, *))
        var shown = [Double](repeating: 0, count: products.reduce(1, *))
        // Half of the scale goes to each side, so that the sums stay in range.
        let scale = (form.scale ?? 1 / Double(max(query.size, 1)).squareRoot()).squareRoot()
        for image in 0..<query.batch {
            for head in 0..<query.heads {
                let source = head / (query.heads / key.heads)
                for place in 0..<query.length {
                    let row = (image * query.heads + head) * query.length + place
                    let first = query.row(image, head, place)
                    let dots = (0..<key.length).map { index in
                        let other = key.row(image, source, index)
                        var sum = 0.0
                        for k in 0..<query.size {
                            sum += query.values[first + k] * scale * (key.values[other + k] * scale)
                        }
                        return sum
                    }
                    let capped = form.softcap > 0 ? dots.map { form.softcap * tanh($0 / form.softcap) } : dots
                    let biases = (0..<key.length).map { bias(image, head, place, $0) }
                    let scores = zip(capped, biases).map { $0 + $1 }
                    let weights = probabilities(scores, biases)
                    for index in 0..<key.length where weights[index] != 0 {
                        let other = value.row(image, source, index)
                        for k in 0..<value.size {
                            mixed[row * value.size + k] += weights[index] * value.values[other + k]
                        }
                    }
                    let view = [dots, capped, scores, weights][form.shown]
                    for index in 0..<key.length { shown[row * key.length + index] = view[index] }
                }
            }
        }
        return (try TensorData(mixed, shape: shape), try TensorData(shown, shape: products))
    }

    /// 0, or what the mask adds; −∞ where the query must not see the key.
    private func bias(_ image: Int, _ head: Int, _ place: Int, _ index: Int) -> Double {
        let own = place + offsets[image]
        if form.isCausal, index > own { return -.infinity }
        if let left = form.window.left, own - index > left { return -.infinity }
        if let right = form.window.right, index - own > right { return -.infinity }
        if let filled, index >= filled[image] { return -.infinity }
        guard let mask else { return 0 }
        let (s, v) = (mask.strides, mask.values)
        return v[image * s[0] + head * s[1] + place * s[2] + index * s[3]]
    }

    /// The softmax; zeros where the query sees no key.
    private func probabilities(_ scores: [Double], _ biases: [Double]) -> [Double] {
        guard biases.contains(where: { $0 != -.infinity }) else { return scores.map { _ in 0 } }
        let top = scores.reduce(-Double.infinity) { max($0, $1) }
        let powers = scores.map { exp($0 - top) }
        let sum = powers.reduce(0, +)
        return powers.map { $0 / sum }
    }
}
