import GraphIR
import Tensors

extension OperatorRewrite {
    /// What a rewrite would store and compute.
    package struct Figures: Sendable {
        /// Elements of the tensors that the steps bring.
        package var parameters = 0
        /// Bytes of the same.
        package var bytes = 0
        /// Multiply-accumulates of all steps; nil where a needed shape is unknown.
        package var macs: Int? = 0
    }

    /// The figures of the steps in the place of a node.
    /// - Throws: `internalFault` for a step whose operator is unknown.
    package func figures(at site: OperatorSite, _ registry: OperatorRegistry) throws(CNNOptError) -> Figures {
        var figures = Figures()
        var types: [[TensorType]] = []
        for step in steps {
            var inputs: [OperatorSite.Input?] = []
            for operand in step.inputs {
                switch operand {
                case nil: inputs.append(nil)
                case .input(let port): inputs.append(site.input(port))
                case .constant(let data, _):
                    figures.parameters += data.count
                    figures.bytes += data.byteCount
                    inputs.append(.init(type: TensorType(data.elementType, Shape(sizes: data.shape)), constant: data))
                case .step(let index, let output): inputs.append(.init(type: types[index][output]))
                }
            }
            let node = Node(
                step.operatorType,
                domain: step.domain ?? site.node.domain,
                inputs: [],
                outputs: [],
                attributes: step.attributes
            )
            guard let definition = registry[node.operatorName] else {
                throw site.failure(.internalFault, "a rewrite of it uses the unknown operator \(node.operatorName)")
            }
            var made = OperatorSite(node: node, name: site.name, opset: site.opset, inputs: inputs)
            let inferred = try definition.inferTypes(made)
            made.outputTypes = inferred
            types.append(inferred)
            if let cost = try definition.cost(made), let sum = figures.macs {
                let (total, overflow) = sum.addingReportingOverflow(cost.macs)
                figures.macs = overflow ? nil : total
            } else {
                figures.macs = nil
            }
        }
        return figures
    }
}
