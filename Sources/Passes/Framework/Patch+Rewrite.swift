import GraphIR
import Operators
import Tensors

extension Patch {
    /// Puts the nodes of a rewrite in the place of one node. The last step takes over the outputs.
    package mutating func replace(_ id: NodeID, with rewrite: OperatorRewrite, in graph: Graph) {
        let node = graph[id]
        var outputs: [[ValueID?]] = []
        var previous = id
        for (index, step) in rewrite.steps.enumerated() {
            let isLast = index == rewrite.steps.count - 1
            let stem = graph.displayName(id)
            let inputs = step.inputs.map { operand -> ValueID? in
                switch operand {
                case nil: nil
                case .input(let port): node.inputs.indices.contains(port) ? node.inputs[port] : nil
                case .constant(let data, let name): addConstant("\(stem)_\(name)", data, in: graph)
                case .step(let step, let output): outputs[step][output]
                }
            }
            let produced: [ValueID?] =
                isLast
                ? node.outputs
                : (0..<step.outputCount).map { _ in
                    addValue("\(stem)_\(step.stem ?? step.operatorType)", in: graph)
                }
            outputs.append(produced)
            var made = Node(
                step.operatorType,
                domain: step.domain ?? node.domain,
                name: isLast ? node.name : step.stem.map { "\(stem)_\($0)" },
                inputs: inputs,
                outputs: produced,
                attributes: step.attributes
            )
            if isLast {
                made.docString = node.docString
                made.metadata = node.metadata
            }
            previous = addNode(made, after: previous)
        }
        // The later form may give an output that nobody uses another type.
        for case let output? in node.outputs where graph[output].uses.isEmpty && !graph[output].isGraphOutput {
            setType(output, nil)
        }
        removeNode(id)
    }
}
