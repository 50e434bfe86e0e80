import GraphIR
import Operators
import Tensors

/// Takes a scale and shift of channels (BatchNormalization, Mul, Add… by stored numbers) into the weights and the bias of the
/// linear operator before it: w′ = w · scale, b′ = b · scale + shift, computed in double precision.
enum FoldChannelAffine: RewriteRule {
    static let name = "scales and shifts taken into weights"
    static let changesRounding = true

    static func starts(from definition: any Operator.Type) -> Bool {
        definition is any BinaryOperator.Type || definition.traits.contains(.isChannelAffine)
    }

    static func match(_ place: RewritePlace, _ graph: Graph, _ facts: GraphFacts) throws(CNNOptError) -> Rewriting? {
        let (id, node, definition) = (place.id, place.site.node, place.definition)
        guard let output = node.outputs.first ?? nil,
            node.outputs.dropFirst().allSatisfy({ $0.map { graph[$0].uses.isEmpty && graph.isInner($0) } ?? true }),
            !graph.isCaptured(output),
            let affine = (try? definition.channelAffine(place.site)) ?? nil, affine.keepsFractions,
            node.inputs.indices.contains(affine.dataPort), let data = node.inputs[affine.dataPort],
            graph.isInner(data), graph[data].uses.count == 1,
            let producer = graph[data].producer, producer.port == 0,
            let linear = facts.definition(producer.node, graph)
        else { return nil }
        let site = facts.site(producer.node, graph)
        guard let form = (try? linear.linearForm(site)) ?? nil,
            affine.axis.map({ $0 == form.outputChannelAxis }) ?? true,
            let folded = try FoldedWeights(site, form, affine)
        else { return nil }
        // A weight that others use too would have to be copied, which lets the model grow.
        if folded.weight != nil, let weight = site.node.inputs[form.weightPort], graph[weight].uses.count > 1 {
            return nil
        }

        var patch = Patch(graph, author: "simplify")
        var source = graph[producer.node]
        let stem = graph.displayName(producer.node)
        if let weight = folded.weight {
            source.inputs[form.weightPort] = patch.store(
                weight,
                over: source.inputs[form.weightPort],
                usedBy: producer.node,
                stem: "\(stem)_weight",
                in: graph
            )
        }
        if let bias = folded.bias, let port = form.biasPort {
            while source.inputs.count <= port { source.inputs.append(nil) }
            source.inputs[port] = patch.store(
                bias,
                over: source.inputs[port],
                usedBy: producer.node,
                stem: "\(stem)_bias",
                in: graph
            )
        }
        // The linear node makes the affine one's output: its name may be one that has to stay.
        source.outputs[0] = output
        patch.replaceNode(producer.node, with: source)
        patch.removeNode(id)
        return Rewriting(
            patch,
            changed: (producer.node, "took in \(node.operatorName) '\(graph.displayName(id))'")
        )
    }
}

/// The weight and bias of a linear operator after a scale and shift of its output channels.
private struct FoldedWeights {
    /// nil where every channel's scale is 1.
    var weight: TensorData?
    /// nil where there was none and none is needed.
    var bias: TensorData?

    /// nil where the operator's weights are not stored, or cannot take the numbers in.
    init?(_ site: OperatorSite, _ form: LinearForm, _ affine: ChannelAffine) throws(CNNOptError) {
        guard let weight = site.constant(form.weightPort), weight.elementType.isFloat,
            weight.shape.indices.contains(form.weightOutputAxis)
        else { return nil }
        let outputShape = site.outputType(0).shape ?? []
        guard outputShape.indices.contains(form.outputChannelAxis),
            let channels = outputShape[form.outputChannelAxis].size,
            let channelOf = Self.channelMap(weight.shape, form, channels)
        else { return nil }
        func numbers(_ values: [Double]) -> [Double]? {
            values.count == channels
                ? values : values.count == 1 ? [Double](repeating: values[0], count: channels) : nil
        }
        guard let scale = numbers(affine.scale), let shift = numbers(affine.shift) else { return nil }
        if scale.contains(where: { $0 != 1 }) {
            guard let scaled = try Self.scaled(weight, scale, channelOf) else { return nil }
            self.weight = scaled
        }

        let hasBias = form.biasPort.map(site.has) ?? false
        guard hasBias || shift.contains(where: { $0 != 0 }) else { return }
        guard let port = form.biasPort else { return nil }
        var old = [Double](repeating: 0, count: channels)
        var shape = [channels]
        if hasBias {
            guard let bias = site.constant(port), bias.shape.last ?? 1 == bias.count,
                let values = numbers(try bias.doubles())
            else { return nil }
            old = values
            if bias.count == channels { shape = bias.shape }
        }
        let new = (0..<channels).map { old[$0] * scale[$0] + shift[$0] }
        guard let rounded = try TensorData.rounding(new, to: weight.elementType, shape: shape) else { return nil }
        bias = rounded
    }

    private static func scaled(_ weight: TensorData, _ scale: [Double], _ channelOf: (Int) -> Int) throws(CNNOptError)
        -> TensorData?
    {
        if weight.elementType == .float32 {
            let scaled = try weight.withElements(Float.self) { (source) throws(CNNOptError) in
                try TensorData.make(Float.self, shape: weight.shape) { (target) throws(CNNOptError) in
                    for index in target.indices {
                        target[index] = Float(Double(source[index]) * scale[channelOf(index)])
                    }
                }
            }
            return scaled.isFinite ? scaled : nil
        }
        var values = try weight.doubles()
        for index in values.indices {
            values[index] *= scale[channelOf(index)]
        }
        return try .rounding(values, to: weight.elementType, shape: weight.shape)
    }

    /// The output channel that an element of the weight belongs to, by its index. The output axis holds all channels, or (a
    /// grouped transposed convolution) one group's, and then the input axis tells the group.
    private static func channelMap(_ shape: [Int], _ form: LinearForm, _ channels: Int) -> ((Int) -> Int)? {
        let strides = rowMajorStrides(shape)
        let (size, inner) = (shape[form.weightOutputAxis], strides[form.weightOutputAxis])
        guard size > 0 else { return nil }
        if size == channels { return { $0 / inner % size } }
        guard form.groups > 1, size * form.groups == channels, shape.indices.contains(form.weightInputAxis),
            shape[form.weightInputAxis] > 0, shape[form.weightInputAxis] % form.groups == 0
        else { return nil }
        let (inputs, outer) = (shape[form.weightInputAxis], strides[form.weightInputAxis])
        let groupSize = inputs / form.groups
        return { $0 / outer % inputs / groupSize * size + $0 / inner % size }
    }
}
