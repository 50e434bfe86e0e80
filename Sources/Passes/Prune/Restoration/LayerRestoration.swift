import Foundation
import GraphIR
import Operators
import Tensors

/// Fits the layers of a pruned network to the original's outputs, one after the other in the order of the network.
///
/// Each layer sees the inputs that the pruned network gives it and aims at what the original put out. Where its output is
/// added to something that is already computed, it aims at the original's sum, so that errors of the other summand are made
/// up for as well (He et al. 2017, section 3.3).
struct LayerRestoration {
    /// What happened to one layer.
    struct Outcome {
        let layer: LinearLayer
        /// nil where the layer could not be fitted.
        let method: LayerFit.Method?
        /// Mean squared error over variance of the wanted outputs, on the samples held out, before and after.
        let before: Double
        let after: Double
    }

    struct Settings {
        var seed: UInt64
        var threads: Int
        /// Rows that a layer is fitted on, at least ten for each sample.
        var rows = 20_480
        /// Every so many-th sample is held out.
        var holdOut = 5
        /// Longer rows are left alone: the covariance takes the square of it.
        static let longestRow = 3_072
    }

    private let settings: Settings
    private let kept: [ValueAxis: [Int]]
    private let layers: [NodeID: LinearLayer]
    private var execution: PairedExecution
    private var fitted: [(LinearLayer, weight: TensorData, bias: TensorData?)] = []
    private(set) var outcomes: [Outcome] = []
    private let sampleCount: Int
    private let batchSize: Int

    init(
        _ execution: PairedExecution,
        layers: [LinearLayer],
        kept: [ValueAxis: [Int]],
        sampleCount: Int,
        batchSize: Int,
        settings: Settings
    ) {
        self.execution = execution
        self.layers = Dictionary(layers.map { ($0.node, $0) }, uniquingKeysWith: { first, _ in first })
        self.kept = kept
        self.sampleCount = sampleCount
        self.batchSize = batchSize
        self.settings = settings
    }

    /// Fits all layers and puts the new weights into the pruned model.
    /// - Parameter facts: of the original model.
    mutating func run(
        _ model: inout Model,
        _ facts: GraphFacts,
        progress: (Double) -> Void
    ) throws(CNNOptError) {
        for (index, id) in execution.order.enumerated() {
            try execution.runOriginal(id)
            var extra: (port: Int, tensor: TensorData)?
            if let layer = layers[id], execution.differs(id) { extra = try fit(layer, facts) }
            try execution.runPruned(id, extra: extra)
            execution.release(after: index)
            progress(Double(index + 1) / Double(execution.order.count))
        }
        try store(&model)
    }

    /// Fits one layer.
    /// - Returns: a bias for a layer that has none.
    private mutating func fit(_ layer: LinearLayer, _ facts: GraphFacts) throws(CNNOptError)
        -> (port: Int, tensor: TensorData)?
    {
        guard let subject = try subject(layer), try isUnderstood(layer, facts),
            let (fit, heldOut) = try moments(subject.rows)
        else {
            outcomes.append(Outcome(layer: layer, method: nil, before: 0, after: 0))
            return nil
        }
        let rows = subject.rows
        var matrices: [[Double]] = []
        var biases: [Double] = []
        var (before, after, variance) = (0.0, 0.0, 0.0)
        var method = LayerFit.Method.unchanged
        for group in 0..<rows.groups {
            let matrix = try rows.matrix(subject.weight, group: group)
            let own = Array(subject.bias[group * rows.outputs..<(group + 1) * rows.outputs])
            let best = LayerFit.best(
                matrix,
                own,
                fit: fit[group],
                heldOut: heldOut[group],
                movesBias: subject.movesBias,
                threads: settings.threads
            )
            before += LayerFit.error(matrix, own, heldOut[group])
            after += LayerFit.error(best.matrix, best.bias, heldOut[group])
            variance += heldOut[group].variancesY(centred: true).reduce(0, +)
            if best.method != .unchanged { method = best.method }
            matrices.append(best.matrix)
            biases += best.bias
        }
        let scale = 1 / max(variance, 1e-30)
        outcomes.append(Outcome(layer: layer, method: method, before: before * scale, after: after * scale))
        guard method != .unchanged else { return nil }

        let weight = try rows.weight(matrices, shape: subject.weight.shape)
        execution.replace(layer.weight, with: weight)
        guard subject.movesBias, let port = layer.form.biasPort else {
            fitted.append((layer, weight, nil))
            return nil
        }
        let bias = try TensorData(biases.map(Float.init), shape: [rows.groups * rows.outputs])
        fitted.append((layer, weight, bias))
        guard let id = layer.bias, execution.pruned.graph[id].uses.count == 1 else { return (port, bias) }
        execution.replace(id, with: bias)
        return nil
    }

    /// A layer of the pruned network that can be fitted.
    private struct Subject {
        let rows: LayerRows
        let weight: TensorData
        let bias: [Double]
        /// Whether the layer takes a bias, and only a stored one.
        let movesBias: Bool
    }

    /// The layer as it is after pruning, where its weight is a stored float tensor that nothing else uses; nil for others.
    private func subject(_ layer: LinearLayer) throws(CNNOptError) -> Subject? {
        let graph = execution.pruned.graph
        guard let narrow = try LinearLayer(layer.node, graph, execution.prunedFacts),
            graph[layer.weight].uses.count == 1,
            !graph[layer.weight].isGraphOutput, graph[layer.weight].constant != nil,
            case .fixed(let weight)? = execution.pruned(layer.weight),
            let rows = LayerRows(narrow, weight: weight, execution.prunedFacts.site(layer.node, graph)),
            rows.rowLength <= Settings.longestRow
        else { return nil }
        let channels = rows.groups * rows.outputs
        guard let id = layer.bias else {
            return Subject(
                rows: rows,
                weight: weight,
                bias: [Double](repeating: 0, count: channels),
                movesBias: layer.form.biasPort != nil
            )
        }
        guard case .fixed(let stored)? = execution.pruned(id), stored.count == channels || stored.count == 1 else {
            return nil
        }
        var bias = try stored.doubles()
        if bias.count < channels { bias = [Double](repeating: bias[0], count: channels) }
        return Subject(rows: rows, weight: weight, bias: bias, movesBias: true)
    }

    /// Whether the original layer's matrix, applied to its inputs, gives its outputs.
    private func isUnderstood(_ layer: LinearLayer, _ facts: GraphFacts) throws(CNNOptError) -> Bool {
        let graph = execution.original.graph
        guard let weight = facts.constant(layer.weight, graph),
            let rows = LayerRows(layer, weight: weight, facts.site(layer.node, graph)),
            let data = execution.original(layer.data), let output = execution.original(layer.output)
        else { return false }
        return try rows.explains(
            data: data.tensor(0),
            output: output.tensor(0),
            weight,
            facts.constant(layer.bias, graph),
            seed: settings.seed,
            threads: settings.threads
        )
    }

    // MARK: Rows

    /// The moments to fit on and those held out; nil where rows and tensors do not fit together.
    private func moments(_ rows: LayerRows) throws(CNNOptError) -> ([RowMoments], [RowMoments])? {
        let layer = rows.layer
        let sampler = RowSampler(
            rows,
            positionsPerSample: max(10, (settings.rows + sampleCount - 1) / max(sampleCount, 1)),
            seed: settings.seed,
            threads: settings.threads
        )
        guard let data = execution.pruned(layer.data), !data.isFixed, let output = execution.original(layer.output)
        else {
            return nil
        }
        var (fit, heldOut) = (sampler.empty, sampler.empty)
        let sum = otherSummand(layer)
        func isHeldOut(_ sample: Int) -> Bool {
            sample % settings.holdOut == settings.holdOut - 1
        }
        for batch in 0..<execution.batchCount {
            let target = try target(output.tensor(batch), layer, sum, batch)
            let (input, first) = (data.tensor(batch), batch * batchSize)
            guard
                try sampler.add(
                    data: input,
                    targets: target,
                    first: first,
                    to: &fit,
                    where: { !isHeldOut($0) }
                ),
                try sampler.add(
                    data: input,
                    targets: target,
                    first: first,
                    to: &heldOut,
                    where: isHeldOut
                )
            else { return nil }
        }
        return heldOut.allSatisfy { $0.count > 0 } && fit.allSatisfy { $0.count > 0 } ? (fit, heldOut) : nil
    }

    /// The other summand where the layer's output goes into a sum alone, and the other one is computed already and changed.
    private func otherSummand(_ layer: LinearLayer) -> ValueID? {
        let graph = execution.original.graph
        let uses = graph[layer.output].uses
        guard uses.count == 1, let use = uses.first, use.port != nil, !graph[layer.output].isGraphOutput else {
            return nil
        }
        let node = graph[use.node]
        guard node.inputs.count == 2, let definition = execution.prunedFacts.definition(use.node, graph),
            definition.traits.contains(.isSum), let other = node.inputs[use.port == 0 ? 1 : 0], other != layer.output,
            execution.isChanged(other), execution.original(other) != nil
        else { return nil }
        return other
    }

    /// What the layer should put out: the original's output at the channels that are left, plus what the other summand lacks.
    private func target(_ output: TensorData, _ layer: LinearLayer, _ other: ValueID?, _ batch: Int) throws(CNNOptError)
        -> TensorData
    {
        func narrowed(_ tensor: TensorData, _ value: ValueID) throws(CNNOptError) -> TensorData {
            var selection: [Int: [Int]] = [:]
            for axis in tensor.shape.indices { selection[axis] = kept[ValueAxis(value, axis)] }
            return selection.isEmpty ? tensor : try tensor.selecting(selection)
        }
        var target = try narrowed(output, layer.output)
        guard let other, let whole = execution.original(other)?.tensor(batch),
            let part = execution.pruned(other)?.tensor(batch)
        else { return target }
        let wanted = try narrowed(whole, other)
        guard wanted.shape == target.shape, part.shape == target.shape, wanted.elementType == .float32 else {
            return target
        }
        let (a, b) = (try wanted.array(of: Float.self), try part.array(of: Float.self))
        try target.withMutableElements(Float.self) { (sum) throws(CNNOptError) in
            for i in sum.indices { sum[i] += a[i] - b[i] }
        }
        return target
    }

    // MARK: Result

    private func store(_ model: inout Model) throws(CNNOptError) {
        var patch = Patch(model.graph, author: "prune")
        for (layer, weight, bias) in fitted {
            patch.setConstant(layer.weight, weight)
            guard let bias, let port = layer.form.biasPort else { continue }
            if let id = layer.bias, model.graph[id].uses.count == 1 {
                patch.setConstant(id, bias)
            } else {
                var node = model.graph[layer.node]
                while node.inputs.count <= port { node.inputs.append(nil) }
                node.inputs[port] = patch.addConstant(
                    "\(model.graph[layer.weight].name)_bias",
                    bias,
                    in: model.graph
                )
                patch.replaceNode(layer.node, with: node)
            }
        }
        guard !patch.isEmpty else { return }
        try model.graph.apply(patch)
    }
}
