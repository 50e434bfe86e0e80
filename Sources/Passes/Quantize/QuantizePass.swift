import GraphIR
import Operators
import Tensors

/// Stores weights in 8 bits and, with calibration images, lets activations be computed in 8 bits too: see docs/quant.md.
package struct QuantizePass: Pass {
    package static let info = PassInfo(
        name: "quant",
        summary:
            "8-bit weights, and 8-bit activations where there are images to measure their ranges on; or weights for the compact file",
        arguments: [
            .init("bits", values: "8", default: "8", help: "bits of a weight and of an activation"),
            .init(
                "weights",
                values: "channel|tensor",
                default: "channel",
                help: "a scale for each output channel, or one"
            ),
            .init(
                "activations",
                values: "auto|minmax|percentile|mse|none",
                default: "auto",
                help: "how ranges are found; none quantises weights alone"
            ),
            .init(
                "range",
                values: "safe|full",
                default: "safe",
                help: "safe keeps 16-bit sums of x86 without VNNI from overflowing; full leaves weights as they round"
            ),
            .init(
                "equalize",
                values: "true|false",
                default: "true",
                help: "brings channels between layers to like ranges"
            ),
            .init("correct", values: "true|false", default: "true", help: "corrects biases for what rounding shifts"),
            .init(
                "rounding",
                values: "compensate|nearest",
                default: "compensate",
                help: "compensate rounds weights so that their errors cancel on the images; nearest each by itself"
            ),
            .init(
                "format",
                values: "qdq",
                default: "qdq",
                help: "QuantizeLinear and DequantizeLinear around float operators"
            ),
            .init(
                "codec",
                values: "true|false",
                default: "false",
                help: "float weights on grids that the compact file codes in few bits, as few as the gate allows"
            ),
            .init(
                "distortion",
                values: "0.000001…10",
                default: "as much as the gate allows",
                help: "with codec: the divergence of the output that is aimed at, in nats"
            ),
        ],
        changesWeights: true
    )

    enum WeightScales: String, CaseIterable, Sendable { case channel, tensor }
    enum CodeRange: String, CaseIterable, Sendable { case safe, full }
    enum Rounding: String, CaseIterable, Sendable { case compensate, nearest }
    enum Format: String, CaseIterable, Sendable { case qdq }

    /// The first operator set whose DequantizeLinear takes a scale for each channel.
    static let leastOpset = 13

    let weightScales: WeightScales
    let method: RangeMethod
    let range: CodeRange
    let equalizes: Bool
    let rounding: Rounding
    let corrects: Bool
    /// nil where weights and activations become integers.
    let codec: CodecQuantization?

    /// Whether the pass makes the compact file as large as is asked for.
    package var aimsAtSize: Bool { codec?.aimsAtSize ?? false }

    package init(_ arguments: PassArguments) throws(CNNOptError) {
        _ = try arguments.integer("bits", in: 8...8)
        _ = try arguments.choice("format", default: Format.qdq)
        weightScales = try arguments.choice("weights", default: .channel)
        method = try arguments.choice("activations", default: .auto)
        range = try arguments.choice("range", default: .safe)
        equalizes = try arguments.flag("equalize", default: true)
        rounding = try arguments.choice("rounding", default: .compensate)
        corrects = try arguments.flag("correct", default: true)
        codec = try CodecQuantization(arguments)
    }

    package init() {
        (weightScales, method, range, equalizes, corrects) = (.channel, .auto, .safe, true, true)
        (rounding, codec) = (.compensate, nil)
    }

    package func run(_ model: inout Model, _ context: PassContext) throws(CNNOptError) -> PassReport {
        if let codec { return try codec.run(&model, context) }
        var facts = try GraphFacts(model)
        var survey = try QuantizationSurvey(model, facts)
        guard !survey.isQuantized else {
            return PassReport(
                pass: Self.info.name,
                summary: "unchanged: the model holds quantised numbers already",
                notes: ["Quantising a second time would only add error; start from the float model instead."]
            )
        }
        guard survey.layers.values.contains(where: { $0.weight.count > 0 }) else {
            return report(summary: "unchanged: no layer with a stored float32 weight", survey, model)
        }
        var notes: [String] = []
        let opset = model.opset() ?? 1
        if opset < Self.leastOpset {
            let converted = try OpsetUpgrade.upgrade(&model, to: Self.leastOpset, allowsUnknown: true)
            notes.append(
                "Brought from operator set \(opset) to \(Self.leastOpset), which scales for each channel need: "
                    + "\(converted.count) nodes rewritten."
            )
            facts = try GraphFacts(model)
            survey = try QuantizationSurvey(model, facts)
        }
        if let samples = context.calibration, samples.count > 0, method != .none {
            return try StaticQuantization(self, context, samples).run(&model, survey, facts, notes)
        }
        return try quantizeWeights(&model, survey, context, notes)
    }

    /// Integer weights alone, which need no data: they are brought back to float when the model runs.
    private func quantizeWeights(
        _ model: inout Model,
        _ survey: QuantizationSurvey,
        _ context: PassContext,
        _ notes: [String]
    ) throws(CNNOptError) -> PassReport {
        var quantizer = WeightQuantizer()
        quantizer.isPerChannel = weightScales == .channel
        quantizer.threads = context.threads
        var layers: [QuantizedLayer] = []
        var remarks: [PassReport.Layer] = []
        for id in survey.order {
            guard let layer = survey.layers[id] else { continue }
            let scaleCount = quantizer.isPerChannel ? layer.channelCount : 1
            // A scale, a node and its names weigh about this much.
            guard layer.weight.count * 3 > scaleCount * 4 + 100,
                let rows = try WeightRows(layer.weight, form: layer.form)
            else {
                remarks.append(
                    .init(
                        name: layer.name,
                        operatorName: layer.operatorName,
                        note: "left float: it would not get smaller"
                    )
                )
                continue
            }
            let ones = [[Float](repeating: 1, count: rows.rowLength)]
            let weight = try quantizer.quantize(rows, importance: ones)
            layers.append(QuantizedLayer(layer: layer, weight: weight, bias: nil, isBiasCorrected: false))
            remarks.append(
                .init(
                    name: layer.name,
                    operatorName: layer.operatorName,
                    change: "int8 weight, \(weight.scales.count > 1 ? "\(weight.scales.count) scales" : "one scale")"
                )
            )
        }
        let left = leftAlone(survey, model)
        try QDQInsertion.apply(to: &model, layers: layers, grids: [:])
        try model.graph.verify()
        return PassReport(
            pass: Self.info.name,
            summary: "\(layers.count) weights in 8 bits; activations stay float"
                + (method == .none ? "" : " because there are no images (--data) to measure their ranges on"),
            layers: remarks + left,
            notes: notes
        )
    }

    private func report(summary: String, _ survey: QuantizationSurvey, _ model: Model) -> PassReport {
        PassReport(pass: Self.info.name, summary: summary, layers: leftAlone(survey, model))
    }

    /// The layers that cannot be quantised, with the reason.
    func leftAlone(_ survey: QuantizationSurvey, _ model: Model) -> [PassReport.Layer] {
        survey.order.compactMap { id in
            survey.reasons[id].map {
                PassReport.Layer(
                    name: model.graph.displayName(id),
                    operatorName: model.graph[id].operatorName.description,
                    note: "left float: \($0)"
                )
            }
        }
    }
}
