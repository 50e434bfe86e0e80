import GraphIR
import Operators
import Tensors

/// What samples say about the layers of a network: one streaming run that gathers the covariance of every layer's inputs.
struct ActivationSurvey {
    /// The layers whose inputs' removal can be scored.
    private(set) var problems: [LayerProblem] = []

    /// Rows that a covariance is gathered from, at least ten for each sample.
    private static let rows = 16_384

    init(
        _ model: Model,
        _ facts: GraphFacts,
        _ layers: [LinearLayer],
        weights: [ValueID: TensorData],
        samples: any SampleSource,
        context: PassContext
    ) throws(CNNOptError) {
        let graph = model.graph
        var entries: [Entry] = []
        for layer in layers {
            guard let weight = weights[layer.weight] else { continue }
            var entry = Entry(layer: layer, weight: weight, fed: graph.sum(of: layer.output, facts) ?? layer.output)
            if let rows = LayerRows(layer, weight: weight, facts.site(layer.node, graph)),
                rows.rowLength <= LayerProblem.longestRow
            {
                let sampler = RowSampler(
                    rows,
                    positionsPerSample: max(10, (Self.rows + samples.count - 1) / max(samples.count, 1)),
                    seed: context.seed,
                    threads: context.threads
                )
                entry.sampler = sampler
                entry.moments = sampler.empty
            }
            entries.append(entry)
        }
        let values = Set(entries.flatMap { [$0.layer.data, $0.layer.output, $0.fed] }).sorted()
        let runner = try context.runner(model, count: samples.count, targets: values)
        try runner.forEachBatch(of: samples) { (batch) throws(CNNOptError) in
            let tensors = Dictionary(zip(values, batch.outputs), uniquingKeysWith: { first, _ in first })
            for index in entries.indices {
                try entries[index].add(tensors, first: batch.range.lowerBound)
            }
            context.progress("looking at activations", Double(batch.range.upperBound) / Double(samples.count))
        }
        for entry in entries {
            let variance = entry.outputs.variances.reduce(0, +)
            if let sampler = entry.sampler,
                try sampler.rows.reproduces(entry.weight, facts.constant(entry.layer.bias, graph), entry.moments),
                let problem = try LayerProblem(
                    sampler.rows,
                    weight: entry.weight,
                    entry.moments,
                    samples: samples.count,
                    variance: variance,
                    threads: context.threads
                )
            {
                problems.append(problem)
            } else if let problem = try LayerProblem(
                entry.layer,
                weight: entry.weight,
                inputVariances: entry.inputs.variances,
                variance: variance
            ) {
                problems.append(problem)
            }
        }
    }

    /// What is gathered for one layer.
    private struct Entry {
        let layer: LinearLayer
        let weight: TensorData
        /// The value whose variance the layer's errors are measured against.
        let fed: ValueID
        var sampler: RowSampler?
        var moments: [RowMoments] = []
        var inputs = ChannelStatistics()
        var outputs = ChannelStatistics()

        mutating func add(_ tensors: [ValueID: TensorData], first: Int) throws(CNNOptError) {
            guard let data = tensors[layer.data], let output = tensors[layer.output], let fed = tensors[fed],
                data.elementType == .float32, fed.elementType == .float32
            else { return }
            if let sampler, try !sampler.add(data: data, targets: output, first: first, to: &moments) {
                self.sampler = nil
            }
            if sampler == nil { try inputs.add(data, axis: layer.form.dataChannelAxis) }
            try outputs.add(fed, axis: layer.form.outputChannelAxis)
        }
    }
}

extension Graph {
    /// The sum that a value goes into and nothing else; nil where it goes elsewhere.
    func sum(of value: ValueID, _ facts: GraphFacts) -> ValueID? {
        guard self[value].uses.count == 1, let use = self[value].uses.first, use.port != nil,
            !self[value].isGraphOutput,
            facts.definition(use.node, self)?.traits.contains(.isSum) == true, self[use.node].inputs.count == 2,
            let output = self[use.node].outputs.first ?? nil,
            self[use.node].inputs.allSatisfy({ $0.map { facts.constant($0, self) == nil } ?? false }),
            facts.type(output).rank == facts.type(value).rank
        else { return nil }
        return output
    }
}
