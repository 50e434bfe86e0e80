import GraphIR
import Operators
import Tensors

/// What quantisation decided for one layer.
struct QuantizedLayer: Sendable {
    let layer: QuantizableLayer
    let weight: QuantizedWeight
    /// The bias, corrections included, one number for each output channel; nil where the layer has none or it stays as it is.
    let bias: [Double]?
    /// Whether ``bias`` differs from the stored one in more than its rounding.
    let isBiasCorrected: Bool
    /// Output channels whose weights were rounded so that their errors cancel.
    var compensatedChannels = 0
}

/// Puts QuantizeLinear and DequantizeLinear into a model, in the form that ONNX Runtime turns into integer kernels: a pair on
/// each activation, one DequantizeLinear behind each stored integer tensor.
struct QDQInsertion {
    private let model: Model
    private let grids: [ValueID: ActivationGrid]
    private var patch: Patch
    private var scales: [UInt32: ValueID] = [:]
    private var zeroPoints: [UInt8: ValueID] = [:]
    private var names = 0

    private init(_ model: Model, _ grids: [ValueID: ActivationGrid]) {
        self.model = model
        self.grids = grids
        patch = Patch(model.graph, author: QuantizePass.info.name)
    }

    /// Edits the model.
    /// - Parameter grids: activations to put a pair on; empty for quantised weights alone.
    static func apply(to model: inout Model, layers: [QuantizedLayer], grids: [ValueID: ActivationGrid])
        throws(CNNOptError)
    {
        var insertion = QDQInsertion(model, grids)
        let replaced = try insertion.build(layers)
        try model.graph.apply(insertion.patch)
        // Constant nodes that gave a weight its numbers have no user left.
        var cleaning = Patch(model.graph, author: QuantizePass.info.name)
        for value in Set(replaced).sorted() where model.graph.contains(value) {
            guard let producer = model.graph[value].producer?.node, model.graph[value].uses.isEmpty,
                model.graph[producer].inputs.isEmpty, model.graph[producer].outputs.count == 1,
                !model.graph[value].isGraphOutput
            else { continue }
            cleaning.removeNode(producer)
        }
        try model.graph.apply(cleaning)
        try model.removeUnusedInitializers(author: QuantizePass.info.name)
    }

    private mutating func build(_ layers: [QuantizedLayer]) throws(CNNOptError) -> [ValueID] {
        let graph = model.graph
        var rounded: [ValueID: ValueID] = [:]
        for value in grids.keys.sorted() {
            guard let grid = grids[value] else { continue }
            let (scale, zeroPoint) = (try self.scale(grid.scale), try self.zeroPoint(grid.zeroPoint))
            let codes = patch.addValue(name("q"), in: graph)
            let result = patch.addValue(name("d"), in: graph)
            let quantize = patch.addNode(
                Node("QuantizeLinear", inputs: [value, scale, zeroPoint], outputs: [codes]),
                after: graph[value].producer?.node
            )
            patch.addNode(
                Node("DequantizeLinear", inputs: [codes, scale, zeroPoint], outputs: [result]),
                after: quantize
            )
            patch.redirectUses(of: value, to: result)
            rounded[value] = result
        }
        var replaced: [ValueID] = []
        for layer in layers {
            var node = graph[layer.layer.node]
            node.inputs = node.inputs.map { $0.map { rounded[$0] ?? $0 } }
            replaced += try rewrite(&node, layer)
            patch.replaceNode(layer.layer.node, with: node)
        }
        return replaced
    }

    /// Gives a layer's node its integer weight and bias.
    /// - Returns: the values that they take the place of.
    private mutating func rewrite(_ node: inout Node, _ quantized: QuantizedLayer) throws(CNNOptError) -> [ValueID] {
        let (layer, form) = (quantized.layer, quantized.layer.form)
        let before = model.graph[layer.node].producer(in: model.graph)
        var replaced = [node.inputs[form.weightPort]].compactMap { $0 }
        let weightScales = quantized.weight.scales
        let isPerChannel = weightScales.count > 1
        // ONNX Runtime's matrix product wants the zero points written out; its convolution takes their default.
        let zeros =
            layer.weight.shape.count == 2
            ? patch.addConstant(
                name("z"),
                try TensorData(zeros: .int8, shape: isPerChannel ? [weightScales.count] : []),
                in: model.graph
            )
            : nil
        node.inputs[form.weightPort] = dequantized(
            patch.addConstant(name("w"), try quantized.weight.tensor(), in: model.graph),
            scale: isPerChannel
                ? patch.addConstant(name("s"), try TensorData(weightScales), in: model.graph)
                : try scale(weightScales[0]),
            zeroPoint: zeros,
            axis: isPerChannel ? form.weightOutputAxis : nil,
            after: before
        )
        guard let bias = quantized.bias, let port = form.biasPort else { return replaced }
        while node.inputs.count <= port { node.inputs.append(nil) }
        replaced += [node.inputs[port]].compactMap { $0 }
        guard let grid = grids[layer.data] else {
            node.inputs[port] = patch.addConstant(name("b"), try TensorData(bias.map(Float.init)), in: model.graph)
            return replaced
        }
        let biasScales = weightScales.map { grid.scale * $0 }
        let codes = bias.enumerated().map { index, value in
            value / Double(biasScales[isPerChannel ? index : 0])
        }
        node.inputs[port] = dequantized(
            patch.addConstant(
                name("b"),
                try TensorData(doubles: codes, as: .int32, shape: [codes.count]),
                in: model.graph
            ),
            scale: isPerChannel
                ? patch.addConstant(name("s"), try TensorData(biasScales), in: model.graph) : try scale(biasScales[0]),
            zeroPoint: nil,
            axis: isPerChannel ? 0 : nil,
            after: before
        )
        return replaced
    }

    private mutating func dequantized(_ codes: ValueID, scale: ValueID, zeroPoint: ValueID?, axis: Int?, after: NodeID?)
        -> ValueID
    {
        let result = patch.addValue(name("d"), in: model.graph)
        patch.addNode(
            Node(
                "DequantizeLinear",
                inputs: [codes, scale] + (zeroPoint.map { [$0] } ?? []),
                outputs: [result],
                // The default axis is 1.
                attributes: axis.map { $0 == 1 ? [] : [Attribute("axis", $0)] } ?? []
            ),
            after: after
        )
        return result
    }

    /// A scale of its own name, stored once however often it is used.
    private mutating func scale(_ value: Float) throws(CNNOptError) -> ValueID {
        if let id = scales[value.bitPattern] { return id }
        let id = patch.addConstant(name("s"), try TensorData([value], shape: []), in: model.graph)
        scales[value.bitPattern] = id
        return id
    }

    private mutating func zeroPoint(_ value: UInt8) throws(CNNOptError) -> ValueID {
        if let id = zeroPoints[value] { return id }
        let id = patch.addConstant(name("z"), try TensorData([value], shape: []), in: model.graph)
        zeroPoints[value] = id
        return id
    }

    /// Short names keep the file small.
    private mutating func name(_ kind: String) -> String {
        defer { names += 1 }
        return kind + String(names, radix: 36)
    }
}

extension Node {
    /// The last node that computes one of the inputs: where nodes that prepare other inputs may stand.
    fileprivate func producer(in graph: Graph) -> NodeID? {
        inputs.compactMap { $0 }.compactMap { graph[$0].producer?.node }.last
    }
}
