import Foundation
import GraphIR
import Operators
import Tensors

/// What is in a model.
public struct ModelSummary: Sendable, Encodable {
    /// A graph input or output.
    public struct Edge: Sendable, Encodable {
        public var name: String
        /// ONNX's name of the element type; null for other values than tensors.
        public var elementType: String?
        /// Sizes, or names where the model leaves a dimension open; null where the rank is open.
        public var shape: [Dimension]?
    }

    /// One dimension of a shape: a number, a name, or null.
    public struct Dimension: Sendable, Encodable {
        public var size: Int?
        public var symbol: String?

        public func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            if let size {
                try container.encode(size)
            } else if let symbol {
                try container.encode(symbol)
            } else {
                try container.encodeNil()
            }
        }
    }

    /// One node.
    public struct Layer: Sendable, Encodable {
        public var name: String
        public var `operator`: String
        public var outputShape: [Dimension]?
        public var parameters: Int
        public var macs: Int?
        /// Bits of the stored weight's elements; nil without a weight.
        public var weightBits: Int?
        /// The fraction of the stored weight's elements that are zero; nil without a weight.
        public var sparsity: Double?
    }

    public var opset: Int?
    public var irVersion: Int?
    public var producer: String?
    public var inputs: [Edge]
    public var outputs: [Edge]
    public var nodes: Int
    /// Elements of the stored tensors (initialisers and Constant nodes, in functions and graphs inside nodes too) other than 32- and 64-bit integers, which hold
    /// shapes, indices and, in quantised models, biases and zero points.
    public var parameters: Int
    public var weightBytes: Int
    /// With external data.
    public var fileBytes: Int
    /// Multiply-accumulates of one run; dimensions that the model leaves open count as ``assumedShapes`` say. nil where
    /// shapes stay unknown.
    public var macs: Int?
    /// Shapes that the model leaves open, by input, as they were taken for ``macs``. Not part of the JSON document.
    public var assumedShapes: [String: [Int]]
    /// Nodes of operators that this build does not know, which ``macs`` leaves out. Not part of the JSON document.
    public var unknownNodes = 0
    public var operators: [String: Int]
    public var layers: [Layer]

    /// Summarises a model file.
    /// - Throws: where the file cannot be read, or a node contradicts its inputs.
    public init(path: String, options: RunOptions = RunOptions()) throws(CNNOptError) {
        let (outline, zeros) = try ModelFile.readOutline(path, threads: options.threads)
        let model = try outline.fixing(inputShapes: options.inputShapes, batch: options.batch)
        do {
            try self.init(model, fileBytes: ModelFile.byteCount(path, model), zeros: zeros)
        } catch {
            throw error.inFile(path)
        }
    }

    /// - Parameters:
    ///   - includesLayers: false where only the totals are wanted; ``layers`` is then empty.
    ///   - zeros: for tensors whose elements were not read, how many of them are zero, by name.
    init(
        _ model: Model,
        fileBytes: Int,
        includesLayers: Bool = true,
        zeros: [String: Int] = [:]
    ) throws(CNNOptError) {
        let graph = model.graph
        let facts = try GraphFacts(model)
        opset = model.opset()
        irVersion = model.irVersion
        let made = [model.producerName, model.producerVersion].compactMap { $0 }.filter { !$0.isEmpty }
        producer = made.isEmpty ? nil : made.joined(separator: " ")
        inputs = graph.feeds.map { Self.edge($0, graph, facts) }
        outputs = graph.outputs.map { Self.edge($0, graph, facts) }
        nodes = graph.nodeCount
        operators = [:]
        let assumed = Self.defaultShapes(graph)
        assumedShapes = Dictionary(uniqueKeysWithValues: assumed.map { (graph[$0].name, $1) })
        let batchOne = assumed.isEmpty ? facts : try GraphFacts(model, inputShapes: assumed)
        var counted: Set<ValueID> = []
        var layers: [Layer] = []
        var total: Int? = 0
        for id in graph.nodeIDs {
            operators[graph[id].operatorName.description, default: 0] += 1
            let cost = try batchOne.cost(id, graph)
            unknownNodes += cost.unknownNodes
            total =
                if let sum = total, let macs = cost.macs {
                    sum.addingReportingOverflow(macs).overflow ? nil : sum + macs
                } else { nil }
            guard includesLayers else { continue }
            let isUnknown = cost.unknownNodes > 0 && cost.macs == 0
            let site = batchOne.site(id, graph)
            layers.append(try Self.layer(id, site, isUnknown ? nil : cost.macs, graph, facts, zeros, &counted))
        }
        macs = total
        self.layers = layers
        let stored = Self.storedTensors(graph, facts) + Self.innerTensors(model)
        parameters = stored.reduce(0) { $0 + $1.parameterCount }
        weightBytes = stored.reduce(0) { $0 + $1.byteCount }
        self.fileBytes = fileBytes
    }

    /// The tensors that the file holds in the main graph: initialisers and the outputs of Constant nodes.
    private static func storedTensors(_ graph: Graph, _ facts: GraphFacts) -> [TensorData] {
        let nodes = graph.nodeIDs.filter { graph[$0].inputs.isEmpty }.flatMap { graph[$0].outputs }
        return (graph.initializers + nodes.compactMap { $0 }).compactMap { facts.constant($0, graph) }
    }

    /// The tensors that the file holds in graphs inside nodes and in functions, each once however often it is used.
    private static func innerTensors(_ model: Model) -> [TensorData] {
        var result: [TensorData] = []
        var open = model.functions.map(\.body) + model.graph.nodeIDs.flatMap { model.graph[$0].subgraphs }
        while let inner = open.popLast() {
            result += inner.initializers.compactMap(inner.constant)
            for id in inner.nodeIDs {
                let node = inner[id]
                open += node.subgraphs
                guard node.inputs.isEmpty else { continue }
                for case .tensor(let constant) in node.attributes.map(\.value) { result.append(constant.data) }
            }
        }
        return result
    }

    private static func edge(_ id: ValueID, _ graph: Graph, _ facts: GraphFacts) -> Edge {
        let type = facts.type(id)
        return Edge(
            name: graph[id].name,
            elementType: type.elementType?.onnxName,
            shape: type.shape?.map(Dimension.init)
        )
    }

    /// Batch 1, and ordinary sizes for images whose size the model leaves open.
    private static func defaultShapes(_ graph: Graph) -> [ValueID: [Int]] {
        var shapes: [ValueID: [Int]] = [:]
        for id in graph.feeds {
            if let shape = graph[id].type?.tensor?.shape, shape.sizes == nil { shapes[id] = shape.defaultSizes }
        }
        return shapes
    }

    private static func layer(
        _ id: NodeID,
        _ site: OperatorSite,
        _ macs: Int?,
        _ graph: Graph,
        _ facts: GraphFacts,
        _ zeros: [String: Int],
        _ counted: inout Set<ValueID>
    ) throws(CNNOptError) -> Layer {
        var parameters = 0
        var weight: TensorData?
        var known: Int?
        for case let input? in site.node.inputs {
            let stored = storedSource(input, graph, facts)
            guard let tensor = facts.constant(stored, graph) else { continue }
            if counted.insert(stored).inserted { parameters += tensor.parameterCount }
        }
        if let form = try facts.definition(id, graph)?.linearForm(site),
            site.node.inputs.indices.contains(form.weightPort),
            let input = site.node.inputs[form.weightPort]
        {
            let stored = storedSource(input, graph, facts)
            weight = facts.constant(stored, graph)
            known = zeros[graph[stored].name]
        }
        return Layer(
            name: site.name,
            operator: site.node.operatorName.description,
            outputShape: site.node.outputs.first.flatMap { $0 }.flatMap { facts.type($0).shape?.map(Dimension.init) },
            parameters: parameters,
            macs: macs,
            weightBits: weight?.elementType.bitWidth,
            sparsity: try weight.map { (tensor) throws(CNNOptError) in try tensor.zeroFraction(known: known) } ?? nil
        )
    }

    /// The stored tensor behind a value: itself, or what a DequantizeLinear expands.
    private static func storedSource(_ id: ValueID, _ graph: Graph, _ facts: GraphFacts) -> ValueID {
        guard let producer = graph[id].producer?.node,
            facts.definition(producer, graph)?.traits.contains(.isQuantization) == true,
            let source = graph[producer].inputs.first ?? nil, facts.constant(source, graph) != nil
        else { return id }
        return source
    }
}

extension ModelSummary.Dimension {
    init(_ dimension: GraphIR.Dimension) {
        switch dimension {
        case .known(let size): self.size = size
        case .symbol(let name): symbol = name
        case .unknown: break
        }
    }
}

extension TensorData {
    /// The elements, where they are numbers that training found rather than shapes and indices.
    var parameterCount: Int {
        switch elementType {
        case .int32, .int64, .uint32, .uint64, .bool, .string: 0
        default: count
        }
    }

    /// The fraction of elements that are zero; nil for an empty tensor and types that hold no plain numbers.
    /// - Parameter known: how many are, where the elements were not read.
    fileprivate func zeroFraction(known: Int?) throws(CNNOptError) -> Double? {
        guard count > 0 else { return nil }
        if let known { return Double(known) / Double(count) }
        let zeros: Int
        switch elementType {
        // The sign bit of a floating-point zero does not count.
        case .float32: zeros = try zeroCount(of: UInt32.self, mask: ~(1 << 31))
        case .float16, .bfloat16: zeros = try zeroCount(of: UInt16.self, mask: ~(1 << 15))
        case .float64: zeros = try zeroCount(of: UInt64.self, mask: ~(1 << 63))
        case .float8E4M3FN, .float8E5M2: zeros = try zeroCount(of: UInt8.self, mask: ~(1 << 7))
        case .float8E4M3FNUZ, .float8E5M2FNUZ, .int8, .uint8: zeros = try zeroCount(of: UInt8.self, mask: .max)
        case .int16, .uint16: zeros = try zeroCount(of: UInt16.self, mask: .max)
        case .int32, .uint32: zeros = try zeroCount(of: UInt32.self, mask: .max)
        case .int64, .uint64: zeros = try zeroCount(of: UInt64.self, mask: .max)
        default: return nil
        }
        return Double(zeros) / Double(count)
    }

    /// Elements whose bits under the mask are all zero.
    private func zeroCount<T: FixedWidthInteger>(of type: T.Type, mask: T) throws(CNNOptError) -> Int {
        try withBytes { (bytes) throws(CNNOptError) in
            bytes.bindMemory(to: T.self).reduce(0) { $0 + ($1 & mask == 0 ? 1 : 0) }
        }
    }
}
