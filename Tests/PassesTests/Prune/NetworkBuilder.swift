import GraphIR
import Tensors
import Testing

/// Writes small networks with seeded weights, node by node.
struct NetworkBuilder {
    private(set) var graph = Graph(name: "test")
    private var generator: SeededGenerator
    private var count = 0

    init(seed: UInt64 = 1) { generator = SeededGenerator(seed: seed) }

    mutating func input(_ name: String, _ shape: [Int]) throws -> String {
        try graph.addInput(name, type: .tensor(TensorType(.float32, Shape(sizes: shape))))
        return name
    }

    mutating func weight(_ shape: [Int], around mean: Float = 0) throws -> String {
        count += 1
        let values = (0..<shape.reduce(1, *)).map { _ in mean + Float(generator.uniform() - 0.5) }
        let name = "w\(count)"
        try graph.addInitializer(Constant(name: name, try TensorData(values, shape: shape)))
        return name
    }

    mutating func integers(_ values: [Int]) throws -> String {
        count += 1
        let name = "i\(count)"
        try graph.addInitializer(Constant(name: name, try TensorData(values.map(Int64.init))))
        return name
    }

    @discardableResult
    mutating func node(_ type: String, _ inputs: [String], outputs: Int = 1, _ attributes: [Attribute] = []) throws
        -> [String]
    {
        count += 1
        let names = (0..<outputs).map { "\(type.lowercased())\(count)_\($0)" }
        try graph.addNode(
            Node(
                type,
                name: "\(type)\(count)",
                inputs: inputs.map { graph.internValue($0) },
                outputs: names.map { graph.internValue($0) },
                attributes: attributes
            )
        )
        return names
    }

    mutating func one(_ type: String, _ inputs: [String], _ attributes: [Attribute] = []) throws -> String {
        try node(type, inputs, attributes)[0]
    }

    /// A convolution with padding that keeps the size at stride 1.
    mutating func conv(_ x: String, _ from: Int, _ to: Int, kernel: Int = 3, group: Int = 1, stride: Int = 1) throws
        -> String
    {
        let kernels = try weight([to, from / group, kernel, kernel])
        let bias = try weight([to])
        let pad = kernel / 2
        return try one(
            "Conv",
            [x, kernels, bias],
            [
                Attribute("kernel_shape", [kernel, kernel]), Attribute("pads", [pad, pad, pad, pad]),
                Attribute("strides", [stride, stride]), Attribute("group", group),
            ]
        )
    }

    mutating func relu(_ x: String) throws -> String { try one("Relu", [x]) }
    mutating func add(_ a: String, _ b: String) throws -> String { try one("Add", [a, b]) }

    mutating func batchNorm(_ x: String, _ channels: Int) throws -> String {
        try one(
            "BatchNormalization",
            [
                x, try weight([channels], around: 1), try weight([channels]), try weight([channels]),
                try weight([channels], around: 1.5),
            ]
        )
    }

    mutating func model(output: String, opset: Int = 17) throws -> Model {
        try graph.addOutput(output, type: nil)
        var model = Model(graph: graph)
        model.irVersion = 8
        model.setOpset(opset)
        return model
    }
}

/// The structures that coupling has to follow, each as a small network.
enum CoupledNetwork: String, CaseIterable, CustomTestStringConvertible {
    case chain, residual, concatenation, depthwise, depthwiseMultiplier, grouped, flattenGemm, flattenTransposed,
        lastAxisMatMul
    case squeezeExcite, slicedPaddedShortcut, channelShuffle, normalised, split, sharedWeight, constantNode,
        declaredTypes

    var testDescription: String { rawValue }

    /// Output channels (over all layers) that may go.
    var candidates: Int {
        switch self {
        case .chain, .normalised, .constantNode, .declaredTypes: 8
        // The stream of 6 and the inner 5.
        case .residual: 11
        // 4 + 6 of the branches.
        case .concatenation: 10
        case .depthwise: 6
        case .depthwiseMultiplier: 4
        // 8 in, in two groups that shrink together; 8 out likewise.
        case .grouped: 8
        case .flattenGemm, .flattenTransposed: 4
        case .lastAxisMatMul: 6
        // The stream of 8 and the squeezed 4.
        case .squeezeExcite: 12
        // The narrow stream of 4 and the padding's 4.
        case .slicedPaddedShortcut: 8
        case .channelShuffle: 3
        case .split: 6
        case .sharedWeight: 4
        }
    }

    func model() throws -> Model {
        var b = NetworkBuilder()
        let x = try b.input("x", [2, 3, 6, 6])
        switch self {
        case .chain:
            let y = try b.relu(b.conv(x, 3, 8))
            return try b.model(output: b.conv(y, 8, 4))
        case .declaredTypes:
            let y = try b.relu(b.conv(x, 3, 8))
            let z = try b.conv(y, 8, 4)
            var model = try b.model(output: z)
            _ = model.graph.addDeclaration(y, type: .tensor(TensorType(.float32, [2, 8, 6, 6])))
            // An old exporter's way: a weight that is a graph input as well.
            try model.graph.addInput("w1", type: .tensor(TensorType(.float32, [8, 3, 3, 3])))
            return model
        case .residual:
            let stream = try b.relu(b.conv(x, 3, 6))
            let inner = try b.relu(b.conv(stream, 6, 5))
            let sum = try b.relu(b.add(b.conv(inner, 5, 6), stream))
            return try b.model(output: b.conv(sum, 6, 2))
        case .concatenation:
            let y = try b.relu(b.conv(x, 3, 4))
            let z = try b.relu(b.conv(x, 3, 6))
            let both = try b.one("Concat", [y, z], [Attribute("axis", 1)])
            return try b.model(output: b.conv(both, 10, 2, kernel: 1))
        case .depthwise:
            let y = try b.relu(b.conv(x, 3, 6, kernel: 1))
            let z = try b.relu(b.conv(y, 6, 6, group: 6))
            return try b.model(output: b.conv(z, 6, 2, kernel: 1))
        case .depthwiseMultiplier:
            let y = try b.relu(b.conv(x, 3, 4, kernel: 1))
            let z = try b.relu(b.conv(y, 4, 8, group: 4))
            return try b.model(output: b.conv(z, 8, 2, kernel: 1))
        case .grouped:
            let y = try b.relu(b.conv(x, 3, 8, kernel: 1))
            let z = try b.relu(b.conv(y, 8, 8, group: 2))
            return try b.model(output: b.conv(z, 8, 2, kernel: 1))
        case .flattenGemm:
            let y = try b.relu(b.conv(x, 3, 4))
            let flat = try b.one("Flatten", [y], [Attribute("axis", 1)])
            return try b.model(output: b.one("Gemm", [flat, b.weight([144, 5]), b.weight([5])]))
        case .flattenTransposed:
            // Channels last before they are flattened: channel c owns every fourth feature.
            let y = try b.relu(b.conv(x, 3, 4))
            let last = try b.one("Transpose", [y], [Attribute("perm", [0, 2, 3, 1])])
            let flat = try b.one("Reshape", [last, b.integers([2, 144])])
            return try b.model(output: b.one("MatMul", [flat, b.weight([144, 5])]))
        case .lastAxisMatMul:
            let y = try b.one("Transpose", [b.conv(x, 3, 4)], [Attribute("perm", [0, 2, 3, 1])])
            let hidden = try b.relu(b.add(b.one("MatMul", [y, b.weight([4, 2])]), b.weight([2])))
            return try b.model(output: b.one("MatMul", [hidden, b.weight([2, 3])]))
        case .squeezeExcite:
            let y = try b.relu(b.conv(x, 3, 8))
            let mean = try b.one("GlobalAveragePool", [y])
            let squeezed = try b.relu(b.conv(mean, 8, 4, kernel: 1))
            let gate = try b.one("Sigmoid", [b.conv(squeezed, 4, 8, kernel: 1)])
            return try b.model(output: b.conv(b.one("Mul", [y, gate]), 8, 2))
        case .slicedPaddedShortcut:
            // As CIFAR ResNets have it: the shortcut takes every other pixel and pads channels with zeros on both sides.
            let stream = try b.relu(b.conv(x, 3, 4))
            let half = try b.one(
                "Slice",
                [stream, b.integers([0, 0]), b.integers([6, 6]), b.integers([2, 3]), b.integers([2, 2])]
            )
            let padded = try b.one("Pad", [half, b.integers([0, 2, 0, 0, 0, 2, 0, 0])])
            let sum = try b.relu(b.add(b.conv(stream, 4, 8, stride: 2), padded))
            return try b.model(output: b.conv(sum, 8, 2))
        case .channelShuffle:
            let y = try b.relu(b.conv(x, 3, 6, kernel: 1))
            let split = try b.one("Reshape", [y, b.integers([2, 2, 3, 6, 6])])
            let swapped = try b.one("Transpose", [split], [Attribute("perm", [0, 2, 1, 3, 4])])
            let merged = try b.one("Reshape", [swapped, b.integers([2, 6, 6, 6])])
            return try b.model(output: b.conv(merged, 6, 2, kernel: 1))
        case .normalised:
            let y = try b.relu(b.batchNorm(b.conv(x, 3, 8), 8))
            return try b.model(output: b.conv(y, 8, 4))
        case .split:
            // Two halves that are added: channels c and c + 3 belong together.
            let y = try b.relu(b.conv(x, 3, 6))
            let halves = try b.node("Split", [y, b.integers([3, 3])], outputs: 2, [Attribute("axis", 1)])
            let z = try b.relu(b.conv(b.add(halves[0], halves[1]), 3, 3))
            return try b.model(output: b.conv(z, 3, 2))
        case .sharedWeight:
            let y = try b.relu(b.conv(x, 3, 4))
            let shared = try b.weight([4, 4, 1, 1])
            let z = try b.relu(b.one("Conv", [b.one("Conv", [y, shared]), shared]))
            return try b.model(output: b.conv(z, 4, 2))
        case .constantNode:
            let tensor = try TensorData((0..<8 * 3).map { Float($0 % 7) - 3 }, shape: [8, 3, 1, 1])
            let weight = try b.node("Constant", [], [Attribute("value", .tensor(Constant(tensor)))])[0]
            let y = try b.relu(b.one("Conv", [x, weight]))
            return try b.model(output: b.conv(y, 8, 4))
        }
    }
}
