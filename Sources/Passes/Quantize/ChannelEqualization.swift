import GraphIR
import Operators
import Tensors

/// Gives the channels between two layers ranges that are alike, so that one grid for all of them wastes little.
///
/// A channel is scaled up where the layer before computes it and down where the next layers read it; the network computes the
/// same. After Nagel et al., Data-Free Quantization Through Weight Equalization and Bias Correction, 2019, with two changes:
/// weights have a scale for each output channel here, so that only activations have ranges to bring together; and how far
/// they are brought together is chosen by the noise that is expected at the output of the next layers. Where a clamp (ReLU6)
/// lies between, channels that calibration images bring near it are left alone and others may be scaled up to below it.
struct ChannelEqualization {
    /// A clamp must stay so far above what was seen.
    private static let margin = 1.25
    private static let exponents = [0, 0.25, 0.5, 0.75, 1]
    private static let largestScale = 1e4

    let statistics: LayerStatistics

    /// Scales for the channels; nil where nothing is gained.
    func scales(of pair: EqualizationPair) throws(CNNOptError) -> [Double]? {
        guard let first = pair.consumers.first, let seen = statistics.extremes[first.data],
            let moments = statistics.channels[first.data], moments.means.count == pair.producer.channelCount,
            seen.highest.count == moments.means.count
        else { return nil }
        let magnitudes = seen.magnitudes
        let top = magnitudes.max() ?? 0
        guard top > 0, top.isFinite else { return nil }
        var model: [NoiseModel] = []
        for layer in pair.consumers {
            guard let noise = try NoiseModel(layer, variances: moments.variances) else { return nil }
            model.append(noise)
        }
        var best: (noise: Double, scales: [Double])?
        for exponent in Self.exponents {
            let scales = magnitudes.enumerated().map { channel, magnitude -> Double in
                guard magnitude > top * 1e-6 else { return 1 }
                let scale = min(power(top / magnitude, exponent), Self.largestScale)
                guard let bound = pair.bound else { return scale }
                let highest = max(Double(seen.highest[channel]), 1e-9)
                return max(1, min(scale, bound / Self.margin / highest))
            }
            let low = zip(seen.lowest, scales).reduce(0) { min($0, Double($1.0) * $1.1) }
            let high = zip(seen.highest, scales).reduce(0) { max($0, Double($1.0) * $1.1) }
            let noise = model.reduce(0) { $0 + $1.noise(scales: scales, step: (high - low) / 255) }
            // What changes the model has to be worth it.
            if noise < (best.map { $0.noise * 0.98 } ?? .infinity) { best = (noise, scales) }
        }
        guard let scales = best?.scales, scales.contains(where: { $0 != 1 }) else { return nil }
        return scales
    }

    /// base^exponent for the exponents tried, by square roots.
    private func power(_ base: Double, _ exponent: Double) -> Double {
        let root = base.squareRoot()
        return switch exponent {
        case 0: 1
        case 0.25: root.squareRoot()
        case 0.5: root
        case 0.75: root * root.squareRoot()
        default: base
        }
    }

    /// The edits that scale one pair.
    static func apply(_ scales: [Double], to pair: EqualizationPair, _ graph: Graph, _ patch: inout Patch)
        throws(CNNOptError)
    {
        let producer = pair.producer
        var node = graph[producer.node]
        let weight = try producer.weight.scaled(scales, along: producer.form.weightOutputAxis, groups: 1, rows: nil)
        node.inputs[producer.form.weightPort] = patch.store(
            weight,
            over: node.inputs[producer.form.weightPort],
            usedBy: producer.node,
            stem: "w",
            in: graph
        )
        if let bias = producer.bias, let port = producer.form.biasPort {
            let scaled = try TensorData(
                zip(try bias.array(of: Float.self), scales).map { Float(Double($0) * $1) },
                shape: bias.shape
            )
            node.inputs[port] = patch.store(
                scaled,
                over: node.inputs[port],
                usedBy: producer.node,
                stem: "b",
                in: graph
            )
        }
        patch.replaceNode(producer.node, with: node)
        let inverse = scales.map { 1 / $0 }
        for layer in pair.consumers {
            var node = graph[layer.node]
            let form = layer.form
            let weight = try layer.weight.scaled(
                inverse,
                along: form.weightInputAxis,
                groups: form.groups,
                rows: form.weightOutputAxis
            )
            node.inputs[form.weightPort] = patch.store(
                weight,
                over: node.inputs[form.weightPort],
                usedBy: layer.node,
                stem: "w",
                in: graph
            )
            patch.replaceNode(layer.node, with: node)
        }
    }
}

/// The noise that rounding a layer's input and its weight brings to the layer's output, as a share of each channel's power.
private struct NoiseModel {
    /// Σ weight² over the kernel for each output and input channel of its group.
    private let energies: [[Double]]
    /// Largest |weight| over the kernel for each output and input channel of its group.
    private let peaks: [[Double]]
    /// The channel of the whole input that each of a row's inputs is.
    private let channels: [[Int]]
    private let variances: [Double]
    private let power: [Double]
    private let positions: Double

    init?(_ layer: QuantizableLayer, variances: [Double]) throws(CNNOptError) {
        guard let rows = try WeightRows(layer.weight, form: layer.form) else { return nil }
        let perGroup = layer.weight.shape[layer.form.weightInputAxis]
        let maps = layer.inputChannels(rows)
        var energies: [[Double]] = []
        var peaks: [[Double]] = []
        var channels: [[Int]] = []
        for row in 0..<rows.rowCount {
            var energy = [Double](repeating: 0, count: perGroup)
            var peak = energy
            for (k, value) in rows.row(row).enumerated() {
                energy[rows.inputChannels[k]] += Double(value) * Double(value)
                peak[rows.inputChannels[k]] = max(peak[rows.inputChannels[k]], Double(abs(value)))
            }
            energies.append(energy)
            peaks.append(peak)
            let first = (maps[maps.count == 1 ? 0 : row].min() ?? 0)
            channels.append((0..<perGroup).map { first + $0 })
        }
        guard channels.allSatisfy({ $0.allSatisfy(variances.indices.contains) }) else { return nil }
        let power = zip(energies, channels).map { energy, channels in
            zip(energy, channels).reduce(0) { $0 + $1.0 * variances[$1.1] }
        }
        let mean = power.reduce(0, +) / Double(max(power.count, 1))
        guard mean > 0 else { return nil }
        self.energies = energies
        self.peaks = peaks
        self.channels = channels
        self.variances = variances
        // Channels that carry next to nothing must not decide.
        self.power = power.map { $0 + 0.1 * mean }
        positions = Double(rows.rowLength) / Double(max(perGroup, 1))
    }

    func noise(scales: [Double], step: Double) -> Double {
        var total = 0.0
        for row in energies.indices {
            var (fromInput, peak, variance) = (0.0, 0.0, 0.0)
            for (k, channel) in channels[row].enumerated() where variances[channel] > 0 {
                let scale = scales[channel]
                fromInput += energies[row][k] / (scale * scale)
                peak = max(peak, peaks[row][k] / scale)
                variance += variances[channel] * scale * scale
            }
            let weightStep = peak / 127
            total += (fromInput * step * step + weightStep * weightStep * variance * positions) / 12 / power[row]
        }
        return total
    }
}

extension TensorData {
    /// A float32 tensor with each slice along an axis multiplied by a number.
    /// - Parameters:
    ///   - groups: where the axis holds the channels of one group only, the number of groups; `rows` is then the axis whose
    ///     equal parts are the groups.
    fileprivate func scaled(_ factors: [Double], along axis: Int, groups: Int, rows: Int?) throws(CNNOptError)
        -> TensorData
    {
        let strides = rowMajorStrides(shape)
        let rowsPerGroup = rows.map { Swift.max(1, shape[$0] / Swift.max(groups, 1)) } ?? 1
        let source = try array(of: Float.self)
        return try TensorData.make(Float.self, shape: shape) { (target) throws(CNNOptError) in
            for index in source.indices {
                var channel = index / strides[axis] % shape[axis]
                if groups > 1, let rows { channel += index / strides[rows] % shape[rows] / rowsPerGroup * shape[axis] }
                guard factors.indices.contains(channel) else {
                    throw CNNOptError(.internalFault, "channel \(channel) of \(factors.count)")
                }
                target[index] = Float(Double(source[index]) * factors[channel])
            }
        }
    }
}
