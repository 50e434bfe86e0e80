import GraphIR
import Operators

extension Node {
    /// The node in the form of a rewrite of one step that reads only inputs; nil for other rewrites.
    /// - Parameter inputs: what the rewrite's inputs are.
    func inForm(_ rewrite: OperatorRewrite, inputs: [ValueID?]) -> Node? {
        guard rewrite.steps.count == 1, let step = rewrite.steps.first else { return nil }
        var node = self
        node.operatorType = step.operatorType
        node.domain = step.domain ?? domain
        node.attributes = step.attributes
        node.inputs = []
        for operand in step.inputs {
            switch operand {
            case nil: node.inputs.append(nil)
            case .input(let port): node.inputs.append(inputs.indices.contains(port) ? inputs[port] : nil)
            case .constant, .step: return nil
            }
        }
        return node
    }
}

extension Graph {
    /// The node that computes a value as its first output for one use alone, so that it may be taken into the user.
    func soleProducer(_ value: ValueID) -> NodeID? {
        guard isInner(value), self[value].uses.count == 1, let producer = self[value].producer, producer.port == 0
        else { return nil }
        return hasOneOutput(producer.node) ? producer.node : nil
    }

    /// Whether nobody uses the outputs of a node but for the first.
    func hasOneOutput(_ id: NodeID) -> Bool {
        self[id].outputs.dropFirst().allSatisfy { $0.map { self[$0].uses.isEmpty && isInner($0) } ?? true }
    }
}
