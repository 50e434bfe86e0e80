import Execution
import GraphIR
import Operators
import Tensors

extension LayerDecision {
    /// Layers with longer rows are rounded to nearest: moments grow with the square of the length.
    static let longestRow = 2500
    private static let leastRows = 4096
    /// Of so many samples one is held out.
    private static let holdOut = 5

    /// Rounds the weight again such that its errors cancel on the rows that the rounded network sees; unchanged where the layer is
    /// grouped, has too long rows, or there are too few of them.
    func compensate(_ quantized: QuantizedLayer, _ turn: LayerwiseRun.Turn) throws(CNNOptError) -> QuantizedLayer {
        let layer = quantized.layer
        guard layer.form.groups == 1, let rows = layerRows[layer.node], rows.rowLength <= Self.longestRow,
            rows.rowLength == quantized.weight.rows.rowLength
        else { return quantized }
        let port = layer.form.dataPort
        guard turn.inputs.indices.contains(port), case .batches(let data)? = turn.inputs[port] else { return quantized }
        let samples = data.reduce(0) { $0 + ($1.shape.first ?? 0) }
        guard samples >= Self.holdOut, case .batches(let outputs)? = try turn.run().first else { return quantized }
        let wanted = max(Self.leastRows, 4 * rows.rowLength)
        let sampler = RowSampler(
            rows,
            positionsPerSample: max(1, (wanted + samples - 1) / samples),
            seed: 0x51A7,
            threads: threads
        )
        var (fit, heldOut) = (sampler.empty, sampler.empty)
        var first = 0
        for (tensor, output) in zip(data, outputs) {
            let isHeldOut = { (sample: Int) in sample % Self.holdOut == Self.holdOut - 1 }
            guard
                try sampler.add(data: tensor, targets: output, first: first, to: &fit, where: { !isHeldOut($0) }),
                try sampler.add(data: tensor, targets: output, first: first, to: &heldOut, where: isHeldOut)
            else { return quantized }
            first += tensor.shape.first ?? 0
        }
        guard fit[0].count > rows.rowLength, heldOut[0].count > 0,
            try rows.reproduces(layer.weight, layer.bias, heldOut)
        else { return quantized }
        let isCentred = isShiftCorrected(layer)
        guard
            let rounding = CompensatedRounding(
                quantized.weight.rows,
                fit: fit[0].covarianceXX(centred: isCentred),
                heldOut: heldOut[0].covarianceXX(centred: isCentred),
                threads: threads
            )
        else { return quantized }
        let (weight, changed) = rounding.refine(
            quantized.weight,
            quantizer(layer),
            leastScales: try leastScales(layer)
        )
        return QuantizedLayer(
            layer: layer,
            weight: weight,
            bias: quantized.bias,
            isBiasCorrected: quantized.isBiasCorrected,
            compensatedChannels: changed
        )
    }
}
