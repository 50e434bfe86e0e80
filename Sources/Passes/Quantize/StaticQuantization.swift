import GraphIR
import Operators
import Tensors

/// 8-bit weights and activations with ranges measured on calibration images.
struct StaticQuantization {
    private let pass: QuantizePass
    private let context: PassContext
    private let samples: any SampleSource
    /// A bias in steps of its scale keeps so far away from the end of 32 bits, corrections and sums included.
    private static let largestBiasCode = 0x1p29

    init(_ pass: QuantizePass, _ context: PassContext, _ samples: any SampleSource) {
        self.pass = pass
        self.context = context
        self.samples = samples
    }

    func run(
        _ model: inout Model,
        _ survey: QuantizationSurvey,
        _ facts: GraphFacts,
        _ notes: [String]
    ) throws(CNNOptError) -> PassReport {
        var (survey, facts, notes) = (survey, facts, notes)
        let equalized = pass.equalizes ? try equalize(&model, &survey, &facts) : 0
        if equalized > 0 { notes.append("Channels between layers brought to like ranges at \(equalized) places.") }

        let outputs = survey.order.compactMap { survey.layers[$0]?.output }
        let walk = try LayerwiseRun(model, facts, needed: outputs, threads: context.threads)
        let (batches, count) =
            pass.corrects
            ? try CalibrationBatches.load(samples, model, facts, walk, threads: context.threads) : ([], 0)
        var axes: [ValueID: Int] = [:]
        for layer in survey.layers.values {
            axes[layer.data] = layer.form.dataChannelAxis
            if axes[layer.output] == nil { axes[layer.output] = layer.form.outputChannelAxis }
        }
        let statistics = try LayerStatistics.collect(
            model,
            histogrammed: survey.activations,
            channelAxes: axes,
            samples: samples,
            channelSamples: count > 0 ? count : .max,
            context,
            "measuring activations"
        )
        let grids = QuantizedActivations(survey, statistics.histograms, method: pass.method).grids
        let decision = LayerDecision(
            pass: pass,
            survey: survey,
            statistics: statistics,
            grids: grids,
            corrects: !batches.isEmpty,
            threads: context.threads,
            largestBiasCode: Self.largestBiasCode,
            layerRows: try layerRows(model, survey, facts)
        )

        var layers: [QuantizedLayer] = []
        if batches.isEmpty {
            for id in survey.order {
                if let layer = survey.layers[id], let decided = try decision.quantize(layer) { layers.append(decided) }
            }
        } else {
            var done = 0
            try walk.run(batches) { (value, tensor) throws(CNNOptError) in
                guard let grid = grids[value], tensor.elementType == .float32 else { return tensor }
                return try grid.rounding(tensor, threads: context.threads)
            } turn: { (turn) throws(CNNOptError) in
                guard let layer = survey.layers[turn.id], var decided = try decision.quantize(layer) else {
                    return try turn.run()
                }
                decided = try decision.compensate(decided, turn)
                done += 1
                context.progress("rounding weights", Double(done) / Double(survey.layers.count))
                let (corrected, results) = try decision.correct(decided, turn)
                layers.append(corrected)
                return results
            }
        }
        let remarks = layers.map { remark($0, grids) } + pass.leftAlone(survey, model)
        try QDQInsertion.apply(to: &model, layers: layers, grids: grids)
        try model.graph.verify()
        let strays = statistics.histograms.values.reduce(0) { $0 + $1.strays }
        if strays > 0 { notes.append("\(strays) activations were not finite; ranges were found without them.") }
        if count > 0, count < samples.count {
            notes.append("Biases were corrected on \(count) of \(samples.count) images.")
        }
        return PassReport(
            pass: QuantizePass.info.name,
            summary:
                "\(layers.count) layers and \(grids.count) activations in 8 bits, ranges from \(samples.count) images",
            layers: remarks,
            notes: notes
        )
    }

    /// The layers whose input rows can be gathered.
    private func layerRows(_ model: Model, _ survey: QuantizationSurvey, _ facts: GraphFacts) throws(CNNOptError)
        -> [NodeID: LayerRows]
    {
        guard pass.rounding == .compensate else { return [:] }
        var result: [NodeID: LayerRows] = [:]
        for (id, layer) in survey.layers {
            guard let linear = try LinearLayer(id, model.graph, facts) else { continue }
            result[id] = LayerRows(linear, weight: layer.weight, facts.site(id, model.graph))
        }
        return result
    }

    /// Scales channels between layers.
    /// - Returns: at how many places.
    private func equalize(_ model: inout Model, _ survey: inout QuantizationSurvey, _ facts: inout GraphFacts)
        throws(CNNOptError) -> Int
    {
        var axes: [ValueID: Int] = [:]
        for layer in survey.layers.values { axes[layer.data] = layer.form.dataChannelAxis }
        var pairs = 0
        for id in survey.order {
            guard let layer = survey.layers[id] else { continue }
            if try EqualizationPair(layer, survey, model.graph, facts) != nil { pairs += 1 }
        }
        guard pairs > 0 else { return 0 }
        let statistics = try LayerStatistics.collect(
            model,
            histogrammed: [],
            channelAxes: axes,
            extremeAxes: axes,
            samples: samples,
            context,
            "measuring channels"
        )
        let equalization = ChannelEqualization(statistics: statistics)
        var count = 0
        for id in survey.order {
            guard let layer = survey.layers[id],
                let pair = try EqualizationPair(layer, survey, model.graph, facts),
                let scales = try equalization.scales(of: pair)
            else { continue }
            var patch = Patch(model.graph, author: QuantizePass.info.name)
            try ChannelEqualization.apply(scales, to: pair, model.graph, &patch)
            try model.graph.apply(patch)
            facts = try GraphFacts(model)
            survey = try QuantizationSurvey(model, facts)
            count += 1
        }
        return count
    }

    private func remark(_ quantized: QuantizedLayer, _ grids: [ValueID: ActivationGrid]) -> PassReport.Layer {
        let scales = quantized.weight.scales.count
        var text = "int8 weight, \(scales > 1 ? "\(scales) scales" : "one scale")"
        if let range = grids[quantized.layer.data]?.range {
            text += ", input \(range.lowerBound.brief)…\(range.upperBound.brief)"
        } else {
            text += ", input float"
        }
        if quantized.compensatedChannels > 0 {
            text += ", errors cancelled in \(quantized.compensatedChannels) of \(quantized.layer.channelCount) channels"
        }
        if quantized.isBiasCorrected { text += ", bias corrected" }
        var note: String?
        if pass.range == .full, !quantized.layer.isDepthwise {
            let pairs = PairBound.violations(quantized.weight.codes, in: quantized.weight.rows)
            if pairs > 0 { note = "\(pairs) pairs of weights can saturate 16-bit sums on x86 without VNNI" }
        }
        return PassReport.Layer(
            name: quantized.layer.name,
            operatorName: quantized.layer.operatorName,
            change: text,
            note: note
        )
    }
}

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

    /// Runs the layer on rounded inputs with its rounded weight, and shifts its bias such that each output channel has the
    /// mean that it has in the float model.
    func correct(_ quantized: QuantizedLayer, _ turn: LayerwiseRun.Turn) throws(CNNOptError) -> (
        QuantizedLayer, [[TensorData]]
    ) {
        let layer = quantized.layer
        var results = try turn.run(replacing: [layer.form.weightPort: quantized.weight.dequantized()])
        guard
            quantized.bias != nil
                || (layer.bias == nil && layer.takesBias
                    && turn.inputs.first?.indices.contains(layer.form.biasPort ?? 99) != true),
            let target = statistics.channels[layer.output], target.means.count == layer.channelCount
        else { return (quantized, results) }
        var seen = ChannelStatistics()
        for result in results {
            guard let output = result.first else { continue }
            try seen.add(output, axis: layer.form.outputChannelAxis)
        }
        guard seen.means.count == target.means.count else { return (quantized, results) }
        let shifts = zip(target.means, seen.means).map { $0 - $1 }
        guard shifts.allSatisfy(\.isFinite) else { return (quantized, results) }
        let bias = zip(quantized.bias ?? [Double](repeating: 0, count: shifts.count), shifts).map { $0 + $1 }
        for index in results.indices {
            guard let output = results[index].first else { continue }
            results[index][0] = try output.shifted(by: shifts, along: layer.form.outputChannelAxis)
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

extension Float {
    /// Four significant digits.
    fileprivate var brief: String {
        guard self != 0, isFinite else { return "\(self)" }
        var unit: Float = 1
        while abs(self) / unit >= 10_000 { unit *= 10 }
        while abs(self) / unit < 1_000 { unit /= 10 }
        return "\((self / unit).rounded() * unit)"
    }
}
