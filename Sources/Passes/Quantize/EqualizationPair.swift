import GraphIR
import Operators
import Tensors

/// A layer whose output channels can be scaled when all layers that read them are scaled back: between them lie only nodes
/// that treat every channel alike whatever its scale (ReLU, clamps that start at zero, pools of maxima, layout).
struct EqualizationPair: Sendable {
    let producer: QuantizableLayer
    let consumers: [QuantizableLayer]
    /// The values between them.
    let values: [ValueID]
    /// Where a rectifier on the way clamps; nil without an upper bound.
    let bound: Double?

    /// - Returns: nil where the channels go anywhere else.
    init?(_ producer: QuantizableLayer, _ survey: QuantizationSurvey, _ graph: Graph, _ facts: GraphFacts)
        throws(CNNOptError)
    {
        guard producer.form.groups == 1 || producer.form.weightOutputAxis == 0 else { return nil }
        guard
            producer.bias == nil
                ? graph[producer.node].inputs.count <= (producer.form.biasPort ?? 99) : producer.hasChannelBias
        else { return nil }
        let channels = producer.channelCount
        var consumers: [QuantizableLayer] = []
        var values: [ValueID] = []
        var bound: Double?
        var open = [(value: producer.output, axis: producer.form.outputChannelAxis)]
        while let (value, axis) = open.popLast() {
            guard !graph[value].isGraphOutput, !graph[value].uses.isEmpty else { return nil }
            values.append(value)
            for use in graph[value].uses {
                if let layer = survey.layers[use.node] {
                    guard use.port == layer.form.dataPort, layer.form.dataChannelAxis == axis,
                        layer.inputChannelCount == channels,
                        layer.form.groups == 1 || layer.form.weightOutputAxis == 0,
                        graph[use.node].inputs.filter({ $0 == value }).count == 1
                    else { return nil }
                    consumers.append(layer)
                    continue
                }
                guard use.port == 0, let definition = facts.definition(use.node, graph),
                    let output = graph[use.node].outputs.first ?? nil,
                    graph[use.node].outputs.compactMap({ $0 }).count == 1
                else { return nil }
                let site = facts.site(use.node, graph)
                let traits = try definition.traits(site)
                if traits.contains(.isRectifier) {
                    if let limit = try Self.upperBound(definition, site) { bound = min(bound ?? limit, limit) }
                    open.append((output, axis))
                } else if traits.contains(.movesData),
                    let next = try Self.axis(axis, of: channels, after: definition, site)
                {
                    open.append((output, next))
                } else {
                    return nil
                }
            }
        }
        guard !consumers.isEmpty else { return nil }
        self.producer = producer
        self.consumers = consumers
        self.values = values
        self.bound = bound
    }

    /// The largest number that a rectifier lets through; nil where there is no limit. It is asked for by running it.
    private static func upperBound(_ definition: any Operator.Type, _ site: OperatorSite) throws(CNNOptError) -> Double?
    {
        let huge = Float.greatestFiniteMagnitude / 4
        var inputs: [TensorData?] = [try TensorData([huge], shape: [1])]
        for port in site.inputs.indices.dropFirst() { inputs.append(site.constant(port)) }
        guard let limit = try definition.reference(site).run(inputs, threads: 1).first?.doubles().first else {
            return 0
        }
        return limit < Double(huge) ? limit : nil
    }

    /// Where the channels lie behind a node that keeps each of them whole and apart; nil where it does not.
    private static func axis(_ axis: Int, of channels: Int, after definition: any Operator.Type, _ site: OperatorSite)
        throws(CNNOptError) -> Int?
    {
        let coupling = try definition.coupling(site)
        let links = coupling.links.filter { $0.from == .init(.input(0), axis) || $0.to == .init(.input(0), axis) }
        guard links.count == 1, let link = links.first, link.count == channels, link.outer == 1, link.inner == 1,
            link.offset == 0, link.extent == channels, coupling.choices.isEmpty
        else { return nil }
        let other = link.from == .init(.input(0), axis) ? link.to : link.from
        guard other.port == .output(0),
            site.outputType(0).shape.map({ $0.indices.contains(other.axis) && $0[other.axis].size == channels })
                ?? false
        else { return nil }
        return other.axis
    }
}
