import GraphIR
import Operators
import Tensors

/// A node that applies a stored float32 weight, as quantisation sees it.
struct QuantizableLayer: Sendable {
    let node: NodeID
    let name: String
    let operatorName: String
    let form: LinearForm
    /// The activation that it reads.
    let data: ValueID
    let output: ValueID
    let weight: TensorData
    /// nil where there is none, or none that is stored.
    let bias: TensorData?
    let multiplyAccumulates: Int?

    /// One number for each output channel?
    var hasChannelBias: Bool { bias.map { $0.count == channelCount && $0.elementType == .float32 } ?? false }
    /// Whether a bias can be put in where there is none.
    var takesBias: Bool {
        form.biasPort != nil && form.groups == 1 || form.weightOutputAxis == 0 && form.biasPort != nil
    }

    /// Indices along the weight's output axis; these are the output channels, except for grouped transposed convolutions.
    var channelCount: Int { weight.shape[form.weightOutputAxis] }

    /// Each output channel sees one input channel alone. Integer kernels multiply those in 16 bits or more and never add pairs
    /// of bytes.
    var isDepthwise: Bool { form.groups > 1 && weight.shape[form.weightInputAxis] == 1 }

    /// The input channel, of the whole tensor, that each element of a row meets, for each row; one row for all without groups.
    func inputChannels(_ rows: WeightRows) -> [[Int]] {
        guard form.groups > 1, form.weightOutputAxis == 0 else { return [rows.inputChannels] }
        let (perGroup, rowsPerGroup) = (weight.shape[form.weightInputAxis], max(1, rows.rowCount / form.groups))
        return (0..<rows.rowCount).map { row in rows.inputChannels.map { row / rowsPerGroup * perGroup + $0 } }
    }

    /// The number of channels of the input.
    var inputChannelCount: Int {
        weight.shape[form.weightInputAxis] * (form.weightOutputAxis == 0 ? form.groups : 1)
    }

    /// - Returns: nil, with the reason for the report, where the node is linear but cannot be quantised.
    static func find(_ id: NodeID, _ graph: Graph, _ facts: GraphFacts) throws(CNNOptError) -> Found {
        guard let definition = facts.definition(id, graph) else { return .other }
        let site = facts.site(id, graph)
        guard let form = try definition.linearForm(site) else { return .other }
        let node = graph[id]
        guard node.inputs.indices.contains(form.dataPort), let data = node.inputs[form.dataPort],
            let output = node.outputs.first ?? nil
        else { return .other }
        guard let weight = site.constant(form.weightPort) else { return .other }
        guard weight.elementType == .float32 else {
            return weight.elementType.isFloat ? .left("its weight is \(weight.elementType.onnxName)") : .other
        }
        guard weight.shape.indices.contains(form.weightOutputAxis), weight.shape.indices.contains(form.weightInputAxis),
            weight.count > 0
        else { return .left("its weight is empty") }
        let isFinite = try weight.withElements(Float.self) { (elements) throws(CNNOptError) in
            elements.allSatisfy(\.isFinite)
        }
        guard isFinite else { return .left("its weight holds numbers that are not finite") }
        let bias = form.biasPort.flatMap { site.constant($0) }
        let isBiasFinite = try bias?.doubles().allSatisfy { $0.isFinite && abs($0) < 1e30 } ?? true
        guard isBiasFinite else { return .left("its bias holds numbers that are not finite") }
        return .layer(
            QuantizableLayer(
                node: id,
                name: graph.displayName(id),
                operatorName: node.operatorName.description,
                form: form,
                data: data,
                output: output,
                weight: weight,
                bias: bias,
                multiplyAccumulates: try definition.cost(site)?.macs
            )
        )
    }

    enum Found {
        case layer(QuantizableLayer)
        /// Linear, but left alone for a reason.
        case left(String)
        case other
    }
}
