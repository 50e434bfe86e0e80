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
            ? try CalibrationBatches.load(samples, model, facts, threads: context.threads) : ([], 0)
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
