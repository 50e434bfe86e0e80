import Execution
import GraphIR
import Operators
import Tensors

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The loss whose gradients are measured, as the seeds that it gives its targets.
struct SensitivityLoss: Sendable {
    /// What the target of a classifier holds.
    private enum Scores: Sendable { case logits, probabilities }

    /// The values that the loss depends on.
    let targets: [ValueID]
    /// nil for models without class scores.
    private let scores: Scores?
    /// By target, one divided by its standard deviation.
    private var scales: [Double] = []
    private let seed: UInt64
    private let evening: ClassEvening?

    var isClassifier: Bool { scores != nil }

    /// - Parameters:
    ///   - facts: of the model for `probe`.
    ///   - probe: the graph's outputs for some samples.
    ///   - rows: how many samples these are.
    ///   - evening: of a classifier's probabilities, where there are logits behind them.
    init(
        _ model: Model,
        _ facts: GraphFacts,
        probe: [TensorData],
        rows: Int,
        seed: UInt64,
        evening: ClassEvening?
    ) throws(CNNOptError) {
        self.seed = seed
        self.evening = evening
        let outputs = model.graph.outputs
        guard let first = outputs.first, probe.count == outputs.count else {
            throw CNNOptError(.unsupported, "the model has no output")
        }
        // Of several outputs a detector's first may look like scores: then all count.
        if probe[0].elementType.isReal, probe.count(where: { $0.elementType.isReal }) == 1,
            Classification.holdsScores(probe[0], rows: rows)
        {
            let areProbabilities = try Self.areProbabilities(probe[0], rows: rows)
            let logits =
                areProbabilities ? try Self.softmaxInput(of: first, model.graph, facts, count: probe[0].count) : first
            scores = logits == nil ? .probabilities : .logits
            targets = [logits ?? first]
            return
        }
        scores = nil
        targets = zip(outputs, probe).filter { $1.elementType.isReal }.map(\.0)
        guard !targets.isEmpty else { throw CNNOptError(.unsupported, "no output is of a floating-point type") }
    }

    /// Sets the standard deviations of the targets; those of targets that never change count as infinite.
    mutating func setDeviations(_ deviations: [Double]) { scales = deviations.map { $0 > 0 ? 1 / $0 : 0 } }

    private static func areProbabilities(_ output: TensorData, rows: Int) throws(CNNOptError) -> Bool {
        let values = try output.doubles()
        let width = values.count / rows
        return (0..<rows).allSatisfy { row in
            let row = values[row * width..<(row + 1) * width]
            return row.allSatisfy { $0 >= 0 } && abs(row.reduce(0, +) - 1) < 1e-3
        }
    }

    /// The value whose softmax an output is, perhaps in another shape.
    private static func softmaxInput(of output: ValueID, _ graph: Graph, _ facts: GraphFacts, count: Int)
        throws(CNNOptError) -> ValueID?
    {
        var value = output
        while let (id, port) = graph[value].producer, port == 0, let definition = facts.definition(id, graph) {
            let site = facts.site(id, graph)
            guard let input = graph[id].inputs.first ?? nil else { return nil }
            if case .softmax(let axis, false)? = try definition.computation(site) {
                // One long axis: the order of scores is the same.
                guard let sizes = site.type(0).sizes, sizes.indices.contains(axis), checkedProduct(sizes) == count,
                    sizes[axis] > 1, sizes.enumerated().allSatisfy({ $0 == 0 || $0 == axis || $1 == 1 })
                else { return nil }
                return input
            }
            let traits = try definition.traits(site)
            guard !traits.isDisjoint(with: [.reshapes, .isIdentity]) else { return nil }
            value = input
        }
        return nil
    }

    /// The gradient of the loss with respect to each target, for samples that start at index `start`: zero in rows behind them.
    /// - Parameters:
    ///   - types: of the targets.
    ///   - rows: samples; targets may have more rows.
    ///   - batch: rows that the model was run on.
    ///   - draw: which of several draws it is.
    func seeds(_ types: [TensorType], _ outputs: [TensorData], start: Int, rows: Int, batch: Int, draw: Int)
        throws(CNNOptError) -> [TensorData]
    {
        guard let scores else { return try signs(types, start: start, rows: rows, batch: batch, draw: draw) }
        guard let output = outputs.first, let type = types.first, let sizes = type.sizes,
            let elementType = type.elementType, batch > 0, checkedProduct(sizes) == output.count
        else { throw CNNOptError(.internalFault, "class scores of another shape than the target") }
        let values = try output.doubles()
        let width = values.count / batch
        var seeds = [Double](repeating: 0, count: values.count)
        for row in 0..<rows {
            let range = row * width..<(row + 1) * width
            let shares = shares(Array(values[range]), scores)
            var generator = generator(sample: start + row, target: 0, draw)
            let label = Self.draw(shares, &generator)
            for index in 0..<width {
                let isLabel = index == label
                seeds[range.lowerBound + index] =
                    scores == .probabilities
                    ? (isLabel ? -1 / max(shares[index], 1e-30) : 0) : shares[index] - (isLabel ? 1 : 0)
            }
        }
        return [try TensorData(doubles: seeds, as: elementType, shape: sizes)]
    }

    /// The probabilities that labels are drawn from.
    private func shares(_ output: [Double], _ scores: Scores) -> [Double] {
        scores == .probabilities ? output : Self.softmax(evening?(output) ?? output)
    }

    private func signs(_ types: [TensorType], start: Int, rows: Int, batch: Int, draw: Int) throws(CNNOptError)
        -> [TensorData]
    {
        var result: [TensorData] = []
        for (index, type) in types.enumerated() {
            guard let sizes = type.sizes, let count = checkedProduct(sizes), let elementType = type.elementType else {
                throw CNNOptError(.internalFault, "a target without a shape")
            }
            var seeds = [Double](repeating: 0, count: count)
            // An output without rows belongs to all samples of the batch.
            let width = sizes.first == batch ? count / max(batch, 1) : count
            for row in 0..<(sizes.first == batch ? rows : 1) {
                var generator = generator(sample: start + row, target: index, draw)
                for place in row * width..<(row + 1) * width {
                    seeds[place] = generator.next() & 1 == 0 ? scales[index] : -scales[index]
                }
            }
            result.append(try TensorData(doubles: seeds, as: elementType, shape: sizes))
        }
        return result
    }

    /// Depends on the seed, the sample, the target and the draw alone.
    private func generator(sample: Int, target: Int, _ draw: Int) -> SeededGenerator {
        var mixed = SeededGenerator(seed: seed)
        for number in [sample, target, draw] {
            mixed = SeededGenerator(seed: mixed.next() &+ UInt64(bitPattern: Int64(number)))
        }
        return SeededGenerator(seed: mixed.next())
    }

    private static func softmax(_ logits: [Double]) -> [Double] {
        let most = logits.max() ?? 0
        let powers = logits.map { exp($0 - most) }
        let sum = powers.reduce(0, +)
        return powers.map { $0 / sum }
    }

    /// An index, each as likely as its share says.
    private static func draw(_ shares: [Double], _ generator: inout SeededGenerator) -> Int {
        var rest = generator.uniform() * shares.reduce(0, +)
        for (index, share) in shares.enumerated() {
            rest -= share
            if rest < 0 { return index }
        }
        // Rounding, or no number at all.
        return shares.indices.max { shares[$0] < shares[$1] } ?? 0
    }
}

extension ElementType {
    /// Whether gradients are taken of tensors of this type.
    fileprivate var isReal: Bool { self == .float32 || self == .float64 }
}
