import GraphIR
import Tensors

/// A few nodes that take the place of one.
package struct OperatorRewrite: Sendable {
    /// What a step reads.
    package enum Operand: Sendable {
        /// An input of the node that is replaced.
        case input(Int)
        /// A stored tensor; `stem` is the beginning of its name.
        case constant(TensorData, stem: String)
        /// An output of an earlier step.
        case step(Int, output: Int = 0)
    }

    package struct Step: Sendable {
        package var operatorType: String
        package var domain: String?
        package var inputs: [Operand?]
        package var outputCount: Int
        package var attributes: [Attribute]
        /// What is put behind the replaced node's name to name an earlier step and its outputs; the operator's type where it
        /// is nil.
        package var stem: String?

        package init(
            _ operatorType: String,
            domain: String? = nil,
            _ inputs: [Operand?],
            outputCount: Int = 1,
            attributes: [Attribute] = [],
            stem: String? = nil
        ) {
            self.stem = stem
            self.operatorType = operatorType
            self.domain = domain
            self.inputs = inputs
            self.outputCount = outputCount
            self.attributes = attributes
        }
    }

    /// In order. The outputs of the last step take the place of the replaced node's outputs.
    package var steps: [Step]

    package init(_ steps: [Step]) { self.steps = steps }
}
