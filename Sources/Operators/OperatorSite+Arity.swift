import GraphIR
import Tensors

extension OperatorSite {
    /// Checks that an older form, which has fewer inputs than the newest, is not given more.
    package func checkNoInputs(from port: Int) throws(CNNOptError) {
        guard inputs.dropFirst(port).allSatisfy({ $0 == nil }) else {
            throw failure(.invalidModel, "\(inputs.count) inputs, but operator set \(opset) has at most \(port) here")
        }
    }

    /// Checks the number of inputs and outputs.
    package func checkArity(_ schema: OperatorSchema) throws(CNNOptError) {
        // Trailing inputs that are left out count as absent.
        let present = (inputs.lastIndex { $0 != nil } ?? -1) + 1
        guard present <= schema.inputs.upperBound,
            inputs.count >= schema.inputs.lowerBound || present >= schema.inputs.lowerBound
        else {
            throw failure(
                .invalidModel,
                "\(inputs.count) inputs, but \(schema.name) takes \(schema.inputs.lowerBound) to \(schema.inputs.upperBound)"
            )
        }
        guard schema.outputs.contains(node.outputs.count) || node.outputs.count <= schema.outputs.upperBound else {
            throw failure(
                .invalidModel,
                "\(node.outputs.count) outputs, but \(schema.name) has at most \(schema.outputs.upperBound)"
            )
        }
    }
}
