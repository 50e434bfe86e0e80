import GraphIR
import Tensors

/// Writes small models down in the order of their nodes: every value is named and every node is too.
package struct ModelBuilder {
    package private(set) var model: Model

    package init(opset: Int = 17, irVersion: Int = 8) {
        model = Model(graph: Graph(name: "test"))
        model.irVersion = irVersion
        model.setOpset(opset)
    }

    /// A graph input; nil dimensions become the symbols `d0`, `d1`….
    @discardableResult
    package mutating func input(_ name: String, _ shape: [Int?], _ type: ElementType = .float32)
        throws(CNNOptError) -> String
    {
        let dimensions = shape.enumerated().map { axis, size in size.map(Dimension.known) ?? .symbol("d\(axis)") }
        try model.graph.addInput(name, type: .tensor(TensorType(type, dimensions)))
        return name
    }

    /// An input of a function: it has no type.
    package mutating func parameter(_ name: String) throws(CNNOptError) {
        try model.graph.addInput(name, type: nil)
    }

    /// An initialiser.
    @discardableResult
    package mutating func constant(_ name: String, _ data: TensorData) throws(CNNOptError) -> String {
        try model.graph.addInitializer(Constant(name: name, data))
        return name
    }

    /// A node named as its first output; empty names leave inputs and outputs out.
    @discardableResult
    package mutating func node(
        _ type: String,
        _ inputs: [String],
        _ outputs: [String],
        _ attributes: [Attribute] = [],
        domain: String? = nil
    ) throws(CNNOptError) -> String {
        let ids = inputs.map { $0.isEmpty ? nil : model.graph.internValue($0) }
        let results = outputs.map { $0.isEmpty ? nil : model.graph.internValue($0) }
        let name = "\(outputs.first ?? "")_node"
        try model.graph.addNode(
            Node(type, domain: domain, name: name, inputs: ids, outputs: results, attributes: attributes)
        )
        return outputs.first ?? ""
    }

    /// Makes a value a graph output.
    package mutating func output(_ name: String, _ type: ElementType? = nil) throws(CNNOptError) {
        try model.graph.addOutput(name, type: type.map { .tensor(TensorType($0, nil)) })
    }
}

extension TensorData {
    /// Floats between -1 and 1 that depend on the seed alone.
    package static func random(_ shape: [Int], seed: UInt64, in range: ClosedRange<Double> = -1...1)
        throws(CNNOptError) -> TensorData
    {
        var generator = SeededGenerator(seed: seed)
        let width = range.upperBound - range.lowerBound
        let values = (0..<(checkedProduct(shape) ?? 0)).map { _ in range.lowerBound + width * generator.uniform() }
        return try TensorData(doubles: values, as: .float32, shape: shape)
    }

    /// A vector of 64-bit integers.
    package static func integers(_ values: [Int]) throws(CNNOptError) -> TensorData {
        try TensorData(values.map(Int64.init))
    }
}

extension Graph {
    /// The operators in the graph's order, for comparison.
    package var operatorTypes: [String] { Array(nodeIDs).map { self[$0].operatorType } }
}
