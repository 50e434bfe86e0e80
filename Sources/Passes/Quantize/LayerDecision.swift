import GraphIR
import Operators
import Tensors

/// Decides on scales, codes and bias of one layer.
struct LayerDecision {
    let pass: QuantizePass
    let survey: QuantizationSurvey
    let statistics: LayerStatistics
    let grids: [ValueID: ActivationGrid]
    let corrects: Bool
    let threads: Int
    let largestBiasCode: Double
    /// Empty where weights are rounded to nearest.
    let layerRows: [NodeID: LayerRows]

    /// Scales and codes, with the bias as it was.
    func quantize(_ layer: QuantizableLayer) throws(CNNOptError) -> QuantizedLayer? {
        guard let rows = try WeightRows(layer.weight, form: layer.form) else { return nil }
        let weight = try quantizer(layer).quantize(
            rows,
            importance: importance(layer, rows),
            leastScales: try leastScales(layer)
        )
        return QuantizedLayer(layer: layer, weight: weight, bias: try channelBias(layer), isBiasCorrected: false)
    }

    /// What rounds a layer's weight to nearest.
    func quantizer(_ layer: QuantizableLayer) -> WeightQuantizer {
        var quantizer = WeightQuantizer()
        quantizer.isPerChannel = pass.weightScales == .channel
        quantizer.holdsPairs = pass.range == .safe && !layer.isDepthwise && grids[layer.data] != nil
        quantizer.threads = threads
        return quantizer
    }

    private func channelBias(_ layer: QuantizableLayer) throws(CNNOptError) -> [Double]? {
        layer.hasChannelBias ? try layer.bias?.doubles() : nil
    }

    /// The scales under which the bias still fits its 32 bits, one for each channel; empty where there is no such bound.
    func leastScales(_ layer: QuantizableLayer) throws(CNNOptError) -> [Double] {
        guard let bias = try channelBias(layer), let grid = grids[layer.data] else { return [] }
        return bias.map { abs($0) / (Double(grid.scale) * largestBiasCode) }
    }

    /// Whether a shift of the layer's outputs is corrected after its weight is rounded.
    func isShiftCorrected(_ layer: QuantizableLayer) -> Bool { corrects && (layer.takesBias || layer.hasChannelBias) }

    /// How much an error of each weight shows at the output: the variance of its input where shifts are corrected afterwards,
    /// else the mean square.
    private func importance(_ layer: QuantizableLayer, _ rows: WeightRows) -> [[Float]] {
        let maps = layer.inputChannels(rows)
        guard let moments = statistics.channels[layer.data], moments.means.count == layer.inputChannelCount else {
            return [[Float](repeating: 1, count: rows.rowLength)]
        }
        let isShiftCorrected = isShiftCorrected(layer)
        let values = zip(moments.means, moments.variances).map { mean, variance in
            isShiftCorrected ? variance : variance + mean * mean
        }
        // Channels that never vary still count a little, or their codes would be free to run off.
        let floor = (values.max() ?? 0) * 1e-6 + 1e-30
        return maps.map { map in map.map { Float(max(values[$0], floor)) } }
    }
}
