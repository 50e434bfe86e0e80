import GraphIR
import Tensors

/// The gradients of a node's inputs out of those of its outputs, as nodes of ordinary operators: the vector-Jacobian product of
/// reverse-mode differentiation (Baydin, Pearlmutter, Radul, Siskind: Automatic differentiation in machine learning: a survey,
/// 2018), so that every back end runs it.
///
/// Operators fill it in ``Operator/gradient(_:_:)``. The nodes have the form of operator set ``opset`` and later ones. Shapes
/// are those of the site, which are known: targets of reshapes and the like are stored.
package struct GradientFragment: Sendable {
    /// The first operator set in which all nodes of fragments have their form; sites that are asked have this one or a later.
    package static let opset = 18

    /// What a step reads.
    package enum Operand: Sendable {
        /// An input or output of the node whose gradient it is.
        case input(Int), output(Int)
        /// The gradient of an output.
        case outputGradient(Int)
        /// A stored tensor; `stem` is the end of its name.
        case constant(TensorData, stem: String)
        /// An output of an earlier step.
        case step(Int, output: Int)
    }

    package struct Step: Sendable {
        package var operatorType: String
        package var inputs: [Operand]
        package var outputCount: Int
        package var attributes: [Attribute]
    }

    package let site: OperatorSite
    /// The inputs whose gradients are asked for.
    package let wanted: Set<Int>
    /// The outputs whose gradients there are.
    package let given: Set<Int>
    /// In order.
    package private(set) var steps: [Step] = []
    /// The gradients by input. A wanted input without one has no gradient that the operator can say.
    package private(set) var results: [Int: Operand] = [:]

    package init(_ site: OperatorSite, wanted: Set<Int>, given: Set<Int>) {
        self.site = site
        self.wanted = wanted
        self.given = given
    }

    package func wants(_ port: Int) -> Bool { wanted.contains(port) }

    /// Says the gradient of an input.
    package mutating func set(_ gradient: Operand, for port: Int) { results[port] = gradient }

    /// Says the gradient of an input, if it is wanted.
    package mutating func set(
        for port: Int,
        _ gradient: (inout GradientFragment) throws(CNNOptError) -> Operand?
    ) throws(CNNOptError) {
        if wants(port) { results[port] = try gradient(&self) }
    }

    /// The gradient of an output: zeros where it does not reach a target.
    package func gradient(_ output: Int = 0) throws(CNNOptError) -> Operand {
        if given.contains(output) { return .outputGradient(output) }
        return .constant(try TensorData(zeros: elementType, shape: try outputSizes(output)), stem: "zeros")
    }

    /// Adds a node and gives its first output.
    package mutating func add(
        _ operatorType: String,
        _ inputs: [Operand],
        _ attributes: [Attribute] = [],
        outputs: Int = 1
    ) -> Operand {
        steps.append(Step(operatorType: operatorType, inputs: inputs, outputCount: outputs, attributes: attributes))
        return .step(steps.count - 1, output: 0)
    }

    /// The floating-point type of the gradients.
    package var elementType: ElementType { site.outputType(0).elementType ?? .float32 }

    /// - Throws: `unsupported` where a size is not known.
    package func inputSizes(_ port: Int) throws(CNNOptError) -> [Int] { try known(site.type(port)) }

    /// - Throws: `unsupported` where a size is not known.
    package func outputSizes(_ port: Int = 0) throws(CNNOptError) -> [Int] { try known(site.outputType(port)) }

    private func known(_ type: TensorType) throws(CNNOptError) -> [Int] {
        guard let sizes = type.sizes else { throw site.failure(.unsupported, "a size of \(type) is not known") }
        return sizes
    }
}
