import GraphIR
import Operators
import Tensors

/// A node that applies a weight, with the axes at which its channels are counted.
package struct LinearLayer: Sendable {
    package let node: NodeID
    package let form: LinearForm
    package let data: ValueID
    package let weight: ValueID
    package let bias: ValueID?
    package let output: ValueID

    package var weightOutput: ValueAxis { ValueAxis(weight, form.weightOutputAxis) }
    package var weightInput: ValueAxis { ValueAxis(weight, form.weightInputAxis) }
    package var outputChannels: ValueAxis { ValueAxis(output, form.outputChannelAxis) }
    package var dataChannels: ValueAxis { ValueAxis(data, form.dataChannelAxis) }

    /// nil where the node is no linear layer.
    init?(_ id: NodeID, _ graph: Graph, _ facts: GraphFacts) throws(CNNOptError) {
        guard let definition = facts.definition(id, graph) else { return nil }
        let node = graph[id]
        guard let form = try definition.linearForm(facts.site(id, graph)),
            node.inputs.indices.contains(form.dataPort), node.inputs.indices.contains(form.weightPort),
            let data = node.inputs[form.dataPort], let weight = node.inputs[form.weightPort],
            let output = node.outputs.first ?? nil
        else { return nil }
        self.node = id
        self.form = form
        self.data = data
        self.weight = weight
        self.output = output
        bias = form.biasPort.flatMap { node.inputs.indices.contains($0) ? node.inputs[$0] : nil }
    }
}
