import GraphIR
import Tensors

/// What an operator means. One file defines one operator; ``OperatorRegistry`` lists it; how it runs fast is a file of the
/// execution back end.
package protocol Operator: Sendable {
    /// Name, versions and arity.
    static var schema: OperatorSchema { get }

    /// The type of each output, as precise as the site allows.
    /// - Throws: `invalidModel` where inputs or attributes contradict each other.
    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType]

    /// How the node feeds the graph of one of its attributes; nil where the operator runs none. Types of outputs are asked for
    /// once that graph is understood, as ``OperatorSite/bodies``.
    static func bodySignature(_ site: OperatorSite, of attribute: String) throws(CNNOptError) -> BodySignature?

    /// The elements of small integer outputs (shapes and what is computed from them), as far as they are known without
    /// running the network; empty or nil where nothing is known.
    static func inferElements(_ site: OperatorSite) throws(CNNOptError) -> [ShapeElements?]

    /// The obvious implementation in plain loops: the oracle of every test and the constant folder. It takes any run-time
    /// shape that fits the operator.
    /// - Throws: `unsupported` for a type or an attribute that is valid but not covered.
    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel

    /// What the operator computes at a site whose shapes are known, for back ends; nil where they have no word for it.
    static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation?

    /// Which axes of which inputs and outputs shrink together.
    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling

    /// What has to change in the node itself when axes of its inputs and outputs shrink: group counts, split sizes, target
    /// shapes. Inputs linked by ``coupling(_:)`` are shrunk by the caller.
    static func narrowed(_ site: OperatorSite, _ selection: ChannelSelection) throws(CNNOptError) -> NodeEdit

    /// Multiply-accumulates at the site's shapes; nil where a needed shape is unknown.
    static func cost(_ site: OperatorSite) throws(CNNOptError) -> Cost?

    /// How the operator applies a weight, for operators that are linear in one stored tensor.
    static func linearForm(_ site: OperatorSite) throws(CNNOptError) -> LinearForm?

    /// The node as two of its kind, for operators with a ``linearForm(_:)``.
    ///
    /// - Parameters:
    ///   - first: a weight with the axes of the stored one, but with fewer output channels.
    ///   - second: a weight that makes the node's output channels out of those; its other axes have size 1.
    /// - Returns: nil where the site has no such form.
    static func factored(_ site: OperatorSite, first: TensorData, second: TensorData) throws(CNNOptError)
        -> OperatorRewrite?

    /// Says the gradients of the wanted inputs out of those of the outputs, at a site whose shapes are known and whose operator
    /// set is ``GradientFragment/opset`` or later. No gradient flows through an input for which none is said.
    /// - Throws: `unsupported` where something about the site is not known.
    static func gradient(_ site: OperatorSite, _ fragment: inout GradientFragment) throws(CNNOptError)

    /// How the operator scales and shifts each channel by stored numbers, for operators that do only that.
    static func channelAffine(_ site: OperatorSite) throws(CNNOptError) -> ChannelAffine?

    /// The input whose tensor is, at this site, always the first output: same type, same shape, same elements. nil where the
    /// output has to be computed.
    static func forwardedInput(_ site: OperatorSite) throws(CNNOptError) -> Int?

    /// The stored inputs with which the node scales and shifts channels by other numbers, by port; nil where its form does not
    /// allow these.
    static func storing(_ affine: ChannelAffine, _ site: OperatorSite) throws(CNNOptError) -> [Int: TensorData]?

    /// The node with a tensor of a type added to its output: one step, for which the tensor is the operand behind the node's
    /// inputs. nil where the operator has no such form.
    static func adding(_ addend: TensorType, _ site: OperatorSite) throws(CNNOptError) -> OperatorRewrite?

    /// The same as one step for an input whose two axes are swapped beforehand; nil where the operator has no such form.
    static func swappingAxes(ofInput port: Int, _ site: OperatorSite) throws(CNNOptError) -> OperatorRewrite?

    /// The same outputs by one step of an operator that says more plainly what is computed; nil where there is none.
    static func plainForm(_ site: OperatorSite) throws(CNNOptError) -> OperatorRewrite?

    /// Stored tensors that do the same at this site as inputs that are computed at run time, by port: a target shape whose
    /// unknown size can be written as "what is left", for instance.
    static func storableInputs(_ site: OperatorSite) throws(CNNOptError) -> [Int: TensorData]

    /// The zeros that the operator adds in front of and behind each axis of its first input, for operators that do only that.
    static func zeroPadding(_ site: OperatorSite) throws(CNNOptError) -> [AxisPadding]?

    /// The same for any number that is added.
    static func filling(_ site: OperatorSite) throws(CNNOptError) -> Filling?

    /// What has to change in the node itself so that it pads its first input with further zeros; nil where it cannot.
    static func padding(_ site: OperatorSite, by padding: [AxisPadding]) throws(CNNOptError) -> NodeEdit?

    /// The same for any number.
    /// - Parameter isNonNegative: whether the input surely holds no number below zero.
    static func padding(_ site: OperatorSite, by filling: Filling, isNonNegative: Bool) throws(CNNOptError) -> NodeEdit?

    /// The ways in which simpler operators compute the same: a node of this operator takes their place where the operator set
    /// has it.
    static var compounds: [Compound] { get }

    /// For operators that only give their first input another shape: the target, as Reshape takes it, that makes the output of
    /// the same elements whatever shape they come in. nil where it depends on that shape.
    static func reshapeTarget(_ site: OperatorSite) throws(CNNOptError) -> [Int]?

    /// What changes in the node when its data comes with the axes in another order; nil where it cannot follow.
    static func reordered(_ site: OperatorSite, by order: AxisOrder) throws(CNNOptError) -> ReorderedNode?

    /// Properties that hold at every site.
    static var traits: OperatorTraits { get }

    /// The properties of one site: ``traits`` and those that depend on attributes or stored inputs.
    static func traits(_ site: OperatorSite) throws(CNNOptError) -> OperatorTraits

    /// The same meaning in the form that a later operator set wants; nil where the node may stay as it is.
    /// - Throws: `unsupported` where that set cannot express it.
    static func upgraded(_ site: OperatorSite, to opset: Int) throws(CNNOptError) -> OperatorRewrite?
}

extension Operator {
    package static func bodySignature(
        _ site: OperatorSite,
        of attribute: String
    ) throws(CNNOptError) -> BodySignature? { nil }
    package static func inferElements(_ site: OperatorSite) throws(CNNOptError) -> [ShapeElements?] { [] }
    package static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation? { nil }
    package static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling { .barrier }
    package static func narrowed(_ site: OperatorSite, _ selection: ChannelSelection) throws(CNNOptError) -> NodeEdit {
        NodeEdit()
    }
    package static func cost(_ site: OperatorSite) throws(CNNOptError) -> Cost? { Cost(macs: 0) }
    package static func linearForm(_ site: OperatorSite) throws(CNNOptError) -> LinearForm? { nil }
    package static func factored(_ site: OperatorSite, first: TensorData, second: TensorData) throws(CNNOptError)
        -> OperatorRewrite?
    { nil }
    /// Elements that only get another shape, or nothing at all, carry their gradients back.
    package static func gradient(_ site: OperatorSite, _ fragment: inout GradientFragment) throws(CNNOptError) {
        guard fragment.wants(0), traits.contains(.reshapes) || traits.contains(.isIdentity) else { return }
        let gradient = try fragment.gradient()
        fragment.set(
            traits.contains(.isIdentity) ? gradient : try fragment.reshaped(gradient, try fragment.inputSizes(0)),
            for: 0
        )
    }
    package static func channelAffine(_ site: OperatorSite) throws(CNNOptError) -> ChannelAffine? { nil }
    package static func forwardedInput(_ site: OperatorSite) throws(CNNOptError) -> Int? {
        traits.contains(.isIdentity) ? 0 : nil
    }
    package static func storing(_ affine: ChannelAffine, _ site: OperatorSite) throws(CNNOptError)
        -> [Int: TensorData]?
    { nil }
    package static func adding(_ addend: TensorType, _ site: OperatorSite) throws(CNNOptError) -> OperatorRewrite? {
        nil
    }
    package static func swappingAxes(ofInput port: Int, _ site: OperatorSite) throws(CNNOptError) -> OperatorRewrite? {
        nil
    }
    package static func plainForm(_ site: OperatorSite) throws(CNNOptError) -> OperatorRewrite? { nil }
    package static func storableInputs(_ site: OperatorSite) throws(CNNOptError) -> [Int: TensorData] { [:] }
    package static func zeroPadding(_ site: OperatorSite) throws(CNNOptError) -> [AxisPadding]? { nil }
    package static func padding(_ site: OperatorSite, by padding: [AxisPadding]) throws(CNNOptError) -> NodeEdit? {
        nil
    }
    package static func filling(_ site: OperatorSite) throws(CNNOptError) -> Filling? {
        try zeroPadding(site).map { Filling(axes: $0, value: 0) }
    }
    package static func padding(_ site: OperatorSite, by filling: Filling, isNonNegative: Bool) throws(CNNOptError)
        -> NodeEdit?
    { filling.value == 0 ? try padding(site, by: filling.axes) : nil }
    package static var compounds: [Compound] { [] }
    package static func reshapeTarget(_ site: OperatorSite) throws(CNNOptError) -> [Int]? { nil }
    package static func reordered(_ site: OperatorSite, by order: AxisOrder) throws(CNNOptError) -> ReorderedNode? {
        nil
    }
    package static var traits: OperatorTraits { [] }
    package static func traits(_ site: OperatorSite) throws(CNNOptError) -> OperatorTraits { traits }
    package static func upgraded(_ site: OperatorSite, to opset: Int) throws(CNNOptError) -> OperatorRewrite? { nil }
}

/// Name, versions and arity of an operator.
package struct OperatorSchema: Sendable {
    package let name: OperatorName
    /// The operator set versions at which the specification changed the operator, ascending.
    package let versions: [Int]
    package let inputs: ClosedRange<Int>
    package let outputs: ClosedRange<Int>

    /// `.max` as upper bound stands for any number of inputs or outputs.
    package init(
        _ type: String,
        domain: String = "",
        versions: [Int],
        inputs: ClosedRange<Int>,
        outputs: ClosedRange<Int> = 1...1
    ) {
        name = OperatorName(type, domain: domain)
        self.versions = versions
        self.inputs = inputs
        self.outputs = outputs
    }
}

/// Properties of an operator that passes ask for instead of its name.
package struct OperatorTraits: OptionSet, Sendable {
    package let rawValue: Int
    package init(rawValue: Int) { self.rawValue = rawValue }

    /// The first output has the first input's shape, and each element depends on the element at its place alone (and on
    /// constants, or on other inputs by broadcasting).
    package static let elementwise = OperatorTraits(rawValue: 1 << 0)
    /// Passes values on without arithmetic (reshape, transpose, slice, max-pool…): the same quantisation range before and after.
    package static let movesData = OperatorTraits(rawValue: 1 << 1)
    /// Not a function of its inputs alone (random numbers, state): never folded, merged or removed as dead weight.
    package static let isImpure = OperatorTraits(rawValue: 1 << 2)
    /// Output and inputs may be quantised to 8 bits around it.
    package static let isQuantizable = OperatorTraits(rawValue: 1 << 3)
    /// A clamp to an interval that starts at zero: its range limits what the operator before it has to represent.
    package static let isRectifier = OperatorTraits(rawValue: 1 << 4)
    /// Produces the same output as its first input at inference (Identity, Dropout).
    package static let isIdentity = OperatorTraits(rawValue: 1 << 5)
    /// Converts between real and quantised numbers.
    package static let isQuantization = OperatorTraits(rawValue: 1 << 6)
    /// Treats each channel (axis 1) by itself with stored per-channel numbers, linearly: BatchNormalization at inference.
    package static let isChannelAffine = OperatorTraits(rawValue: 1 << 7)
    /// The sum of its inputs, nothing else: errors of one can be made up for by another.
    package static let isSum = OperatorTraits(rawValue: 1 << 8)
    /// Applies a weight, at sites that ``Operator/linearForm(_:)`` describes.
    package static let isLinear = OperatorTraits(rawValue: 1 << 16)
    /// The product of its inputs element by element, nothing else.
    package static let isProduct = OperatorTraits(rawValue: 1 << 15)
    /// Gives the first input's elements, in their order, another shape (Reshape, Flatten, Squeeze, Unsqueeze).
    package static let reshapes = OperatorTraits(rawValue: 1 << 9)
    /// Puts the axes of its input into another order.
    package static let permutes = OperatorTraits(rawValue: 1 << 10)
    /// Repeats the first input along axes, nothing else (Expand, Tile).
    package static let repeats = OperatorTraits(rawValue: 1 << 11)
    /// Puts its inputs behind each other along one axis.
    package static let joins = OperatorTraits(rawValue: 1 << 12)
    /// All inputs broadcast to the output's shape by the ordinary rule, at sites of version 8 and later.
    package static let broadcasts = OperatorTraits(rawValue: 1 << 13)
    /// Which optional outputs the node names decides what it computes.
    package static let outputsChooseMode = OperatorTraits(rawValue: 1 << 14)
}

/// What one run of a node costs.
package struct Cost: Sendable, Hashable {
    /// Multiply-accumulates. Elementwise work counts 0.
    package var macs: Int
    package init(macs: Int) { self.macs = macs }
}

/// Runs one node.
package protocol Kernel: Sendable {
    /// Computes the outputs. Absent optional inputs are nil; only outputs that the node names are needed, but all may be given.
    /// - Throws: `invalidModel` where run-time shapes do not fit, `unsupported` for a type that is not covered.
    func run(_ inputs: [TensorData?], threads: Int) throws(CNNOptError) -> [TensorData]

    /// The same as a part of a run that has a budget: for kernels that run graphs.
    func run(_ inputs: [TensorData?], threads: Int, budget: inout RunBudget) throws(CNNOptError) -> [TensorData]
}

extension Kernel {
    package func run(
        _ inputs: [TensorData?],
        threads: Int,
        budget: inout RunBudget
    ) throws(CNNOptError) -> [TensorData] {
        try run(inputs, threads: threads)
    }
}

/// A kernel made of a closure, the ordinary form of reference kernels.
package struct ReferenceKernel: Kernel {
    private let body: @Sendable ([TensorData?], Int) throws(CNNOptError) -> [TensorData]

    package init(
        _ body: @escaping @Sendable (_ inputs: [TensorData?], _ threads: Int) throws(CNNOptError) -> [TensorData]
    ) {
        self.body = body
    }

    package func run(_ inputs: [TensorData?], threads: Int) throws(CNNOptError) -> [TensorData] {
        try body(inputs, threads)
    }
}

extension [TensorData?] {
    /// The input at a port.
    /// - Throws: `invalidModel` where it is absent.
    package func required(_ port: Int) throws(CNNOptError) -> TensorData {
        guard indices.contains(port), let tensor = self[port] else {
            throw CNNOptError(.invalidModel, "input \(port) is missing")
        }
        return tensor
    }

    /// The input at a port; nil where it is absent.
    package func optional(_ port: Int) -> TensorData? { indices.contains(port) ? self[port] : nil }
}
