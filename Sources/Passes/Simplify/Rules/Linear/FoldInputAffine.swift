import GraphIR
import Operators
import Tensors

/// Takes a scale and shift of channels into the weights and the bias of the linear operator behind it:
/// w′ = w · scale of the input channel, b′ = b + Σ w · shift of the input channel, in double precision.
///
/// A shift goes in only where every output sees all weights: with zeros around the data, those are not shifted.
enum FoldInputAffine: RewriteRule {
    static let name = "scales and shifts taken into the weights behind"
    static let changesRounding = true

    static func starts(from definition: any Operator.Type) -> Bool { definition.traits.contains(.isLinear) }

    static func match(_ place: RewritePlace, _ graph: Graph, _ facts: GraphFacts) throws(CNNOptError) -> Rewriting? {
        guard let form = (try? place.definition.linearForm(place.site)) ?? nil,
            place.site.node.inputs.indices.contains(form.dataPort), let data = place.site.node.inputs[form.dataPort],
            let producer = graph.soleProducer(data), let definition = facts.definition(producer, graph),
            let affine = (try? definition.channelAffine(facts.site(producer, graph))) ?? nil,
            affine.keepsFractions, affine.axis ?? form.dataChannelAxis == form.dataChannelAxis,
            graph[producer].inputs.indices.contains(affine.dataPort),
            let stored = place.site.node.inputs[form.weightPort], graph[stored].uses.count == 1,
            let weight = try LinearWeight(place.site, form)
        else { return nil }
        func spread(_ numbers: [Double]) -> [Double]? {
            numbers.count == weight.inputChannels
                ? numbers : numbers.count == 1 ? .init(repeating: numbers[0], count: weight.inputChannels) : nil
        }
        guard let scale = spread(affine.scale), let shift = spread(affine.shift) else { return nil }
        let shifts = shift.contains { $0 != 0 }
        guard !shifts || form.seesWholeWeight && form.biasPort != nil, let oldBias = try weight.bias(place.site) else {
            return nil
        }
        var (values, bias) = (weight.values, oldBias)
        for index in values.indices {
            let channel = weight.inputChannel(index)
            bias[weight.outputChannel(index)] += values[index] * shift[channel]
            values[index] *= scale[channel]
        }
        guard let scaled = try TensorData.rounding(values, to: weight.elementType, shape: weight.shape) else {
            return nil
        }
        var patch = Patch(graph, author: "simplify")
        var node = graph[place.id]
        let stem = graph.displayName(place.id)
        node.inputs[form.dataPort] = graph[producer].inputs[affine.dataPort]
        node.inputs[form.weightPort] = patch.store(
            scaled,
            over: stored,
            usedBy: place.id,
            stem: "\(stem)_weight",
            in: graph
        )
        if shifts {
            guard try patch.storeBias(bias, of: &node, place, form, weight.elementType, graph) else { return nil }
        }
        let text = "took in \(graph[producer].operatorName) '\(graph.displayName(producer))'"
        patch.replaceNode(place.id, with: node)
        patch.removeNode(producer)
        return Rewriting(patch, changed: (place.id, text))
    }
}

extension Patch {
    /// Gives a linear node a bias of one number for each output channel.
    /// - Returns: false where the operator has none, or a number is too large for the element type.
    mutating func storeBias(
        _ numbers: [Double],
        of node: inout Node,
        _ place: RewritePlace,
        _ form: LinearForm,
        _ type: ElementType,
        _ graph: Graph
    ) throws(CNNOptError) -> Bool {
        guard let port = form.biasPort else { return false }
        let old = place.site.constant(port)
        let shape = old.flatMap { $0.count == numbers.count ? $0.shape : nil } ?? [numbers.count]
        guard let data = try TensorData.rounding(numbers, to: type, shape: shape) else { return false }
        while node.inputs.count <= port { node.inputs.append(nil) }
        node.inputs[port] = store(
            data,
            over: node.inputs[port],
            usedBy: place.id,
            stem: "\(graph.displayName(place.id))_bias",
            in: graph
        )
        return true
    }
}
