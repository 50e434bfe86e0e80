import Execution
import GraphIR
import Operators
import Tensors

extension LayerDecision {
    /// Runs the layer on rounded inputs with its rounded weight, and shifts its bias such that each output channel has the
    /// mean that it has in the float model.
    func correct(_ quantized: QuantizedLayer, _ turn: LayerwiseRun.Turn) throws(CNNOptError) -> (
        QuantizedLayer, [BatchedTensor?]
    ) {
        let layer = quantized.layer
        var results = try turn.run(replacing: [layer.form.weightPort: quantized.weight.dequantized()])
        guard
            quantized.bias != nil
                || (layer.bias == nil && layer.takesBias
                    && !turn.inputs.indices.contains(layer.form.biasPort ?? 99)),
            let target = statistics.channels[layer.output], target.means.count == layer.channelCount
        else { return (quantized, results) }
        var seen = ChannelStatistics()
        for output in results.first??.tensors ?? [] { try seen.add(output, axis: layer.form.outputChannelAxis) }
        guard seen.means.count == target.means.count else { return (quantized, results) }
        let shifts = zip(target.means, seen.means).map { $0 - $1 }
        guard shifts.allSatisfy(\.isFinite) else { return (quantized, results) }
        let bias = zip(quantized.bias ?? [Double](repeating: 0, count: shifts.count), shifts).map { $0 + $1 }
        if let output = results.first ?? nil {
            results[0] = try output.map { (tensor) throws(CNNOptError) in
                try tensor.shifted(by: shifts, along: layer.form.outputChannelAxis)
            }
        }
        let corrected = QuantizedLayer(
            layer: layer,
            weight: quantized.weight,
            bias: bias,
            isBiasCorrected: true,
            compensatedChannels: quantized.compensatedChannels
        )
        return (corrected, results)
    }
}

extension TensorData {
    /// A float32 tensor with a number added to each channel.
    fileprivate func shifted(by shifts: [Double], along axis: Int) throws(CNNOptError) -> TensorData {
        var copy = self
        let inner = shape[(axis + 1)...].reduce(1, *)
        let channels = shape[axis]
        guard channels == shifts.count, inner > 0 else { return self }
        try copy.withMutableElements(Float.self) { (elements) throws(CNNOptError) in
            for block in 0..<elements.count / inner {
                let shift = Float(shifts[block % channels])
                for i in block * inner..<(block + 1) * inner { elements[i] += shift }
            }
        }
        return copy
    }
}
