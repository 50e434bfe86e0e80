import GraphIR
import Tensors

/// The elements of a small integer tensor as far as they are known: what shape arithmetic works on.
package struct ShapeElements: Sendable, Hashable {
    package var elements: [Dimension]
    /// True for a tensor of rank 0 (one element), false for rank 1.
    package var isScalar: Bool

    package init(_ elements: [Dimension], isScalar: Bool = false) {
        self.elements = elements
        self.isScalar = isScalar
    }

    /// The largest number of elements that shape arithmetic carries.
    package static let limit = 64
}

/// A node together with all that is known about its inputs: what an ``Operator`` is asked about.
package struct OperatorSite: Sendable {
    /// What is known of one input.
    package struct Input: Sendable {
        package var type: TensorType
        /// The tensor, where it is stored in the model or small and computed from what is stored.
        package var constant: TensorData?
        /// The elements, where it is a small integer tensor of which something is known.
        package var elements: ShapeElements?

        package init(type: TensorType, constant: TensorData? = nil, elements: ShapeElements? = nil) {
            self.type = type
            self.constant = constant
            self.elements = elements
        }
    }

    package let node: Node
    /// The node's name for messages.
    package let name: String
    /// The version of the operator set of the node's domain.
    package let opset: Int
    /// nil for optional inputs that are left out.
    package private(set) var inputs: [Input?]
    /// Known once types have been inferred; empty during inference.
    package var outputTypes: [TensorType?]
    /// The outputs that no node uses and the graph does not return.
    package var unusedOutputs: [Int] = []
    /// The graphs inside the node that its operator runs, by attribute.
    package var bodies: [String: NodeBody] = [:]

    package init(node: Node, name: String, opset: Int, inputs: [Input?], outputTypes: [TensorType?] = []) {
        self.node = node
        self.name = name
        self.opset = opset
        self.inputs = inputs
        self.outputTypes = outputTypes
    }
}

extension OperatorSite {
    /// The same site with other knowledge of its inputs.
    package func replacing(inputs: [Input?]) -> OperatorSite {
        var site = self
        site.inputs = inputs
        return site
    }

    /// Whether the optional input is there.
    package func has(_ port: Int) -> Bool { inputs.indices.contains(port) && inputs[port] != nil }

    /// Whether a node uses the output or the graph returns it, as far as is known.
    package func isUsed(_ output: Int) -> Bool {
        node.outputs.indices.contains(output) && node.outputs[output] != nil && !unusedOutputs.contains(output)
    }

    /// What is known of an input; nil where it is left out.
    package func input(_ port: Int) -> Input? { inputs.indices.contains(port) ? inputs[port] : nil }

    /// The type of an input; unknown in both parts where it is left out.
    package func type(_ port: Int) -> TensorType { input(port)?.type ?? TensorType(nil, nil) }

    /// The shape of an input, where its rank is known.
    package func shape(_ port: Int) -> Shape? { input(port)?.type.shape }

    /// The element type of an input.
    package func elementType(_ port: Int) -> ElementType? { input(port)?.type.elementType }

    /// The stored tensor of an input.
    package func constant(_ port: Int) -> TensorData? { input(port)?.constant }

    /// The integers of an input that is stored or fully known by shape arithmetic.
    package func integers(_ port: Int) -> [Int]? {
        if let stored = constant(port)?.integers() { return stored }
        guard let elements = input(port)?.elements?.elements else { return nil }
        return elements.knownValues
    }

    /// The elements of a shape input as far as they are known; stored tensors count as known, those of floats where all are
    /// whole numbers.
    package func shapeElements(_ port: Int) -> ShapeElements? {
        if let elements = input(port)?.elements { return elements }
        guard let tensor = constant(port), tensor.shape.count <= 1, tensor.count <= ShapeElements.limit,
            let integers = tensor.integers() ?? tensor.wholeNumbers()
        else { return nil }
        return ShapeElements(integers.map(Dimension.known), isScalar: tensor.shape.isEmpty)
    }

    /// The type of an output after inference.
    package func outputType(_ port: Int) -> TensorType {
        (outputTypes.indices.contains(port) ? outputTypes[port] : nil) ?? TensorType(nil, nil)
    }

    /// An error at this node.
    package func failure(_ code: CNNOptError.Code, _ message: String, remedy: String? = nil) -> CNNOptError {
        CNNOptError(code, message, remedy: remedy).atNode(name, operatorName: node.operatorName.description)
    }

    /// The axis counted from the front.
    /// - Throws: `invalidModel` where it lies outside −rank ..< rank.
    package func normalizedAxis(_ axis: Int, rank: Int) throws(CNNOptError) -> Int {
        guard axis >= -rank, axis < rank else {
            throw failure(.invalidModel, "axis \(axis) is outside a tensor of rank \(rank)")
        }
        return axis < 0 ? axis + rank : axis
    }
}

extension TensorData {
    /// The elements of a float tensor as integers; nil where one is not a whole number, or the tensor is no float tensor.
    fileprivate func wholeNumbers() -> [Int]? {
        guard elementType == .float32 || elementType == .float64, let values = try? doubles() else { return nil }
        let whole = values.compactMap { Int(exactly: $0) }
        return whole.count == values.count ? whole : nil
    }
}

extension [Dimension] {
    /// The numbers, also negative ones (as shape arithmetic has them), where all are known.
    package var knownValues: [Int]? {
        var result: [Int] = []
        for dimension in self {
            guard case .known(let value) = dimension else { return nil }
            result.append(value)
        }
        return result
    }
}

/// Attributes, read with their type checked.
extension OperatorSite {
    private func wrongType(_ name: String, _ wanted: String) -> CNNOptError {
        failure(.invalidModel, "attribute '\(name)' is not \(wanted)", remedy: "the file is damaged; export it again")
    }

    private func attribute(_ name: String) throws(CNNOptError) -> Attribute.Value? {
        guard let attribute = node.attribute(name) else { return nil }
        if let reference = attribute.reference, !reference.isEmpty {
            throw failure(.unsupported, "attribute '\(name)' refers to '\(reference)' of an enclosing function")
        }
        return attribute.value
    }

    /// An integer attribute; nil where it is absent.
    package func int(_ name: String) throws(CNNOptError) -> Int? {
        switch try attribute(name) {
        case nil: return nil
        case .int(let value): return Int(value)
        default: throw wrongType(name, "an integer")
        }
    }

    package func int(_ name: String, default value: Int) throws(CNNOptError) -> Int { try int(name) ?? value }

    /// A float attribute; nil where it is absent.
    package func float(_ name: String) throws(CNNOptError) -> Float? {
        switch try attribute(name) {
        case nil: return nil
        case .float(let value): return value
        default: throw wrongType(name, "a float")
        }
    }

    package func float(_ name: String, default value: Float) throws(CNNOptError) -> Float { try float(name) ?? value }

    /// A list of integers; nil where it is absent.
    package func ints(_ name: String) throws(CNNOptError) -> [Int]? {
        switch try attribute(name) {
        case nil: return nil
        case .ints(let values): return values.map(Int.init)
        default: throw wrongType(name, "a list of integers")
        }
    }

    /// A list of floats; nil where it is absent.
    package func floats(_ name: String) throws(CNNOptError) -> [Float]? {
        switch try attribute(name) {
        case nil: return nil
        case .floats(let values): return values
        default: throw wrongType(name, "a list of floats")
        }
    }

    /// A text attribute; nil where it is absent.
    package func string(_ name: String) throws(CNNOptError) -> String? {
        switch try attribute(name) {
        case nil: return nil
        case .string(let bytes): return String(decoding: bytes, as: UTF8.self)
        default: throw wrongType(name, "a string")
        }
    }

    package func string(_ name: String, default value: String) throws(CNNOptError) -> String {
        try string(name) ?? value
    }

    /// A tensor attribute; nil where it is absent.
    package func tensor(_ name: String) throws(CNNOptError) -> TensorData? {
        switch try attribute(name) {
        case nil: return nil
        case .tensor(let constant): return constant.data
        default: throw wrongType(name, "a tensor")
        }
    }
}
