import Execution
import GraphIR
import Operators
import Passes
import TestSupport
import Tensors
import Testing

/// A node whose gradients are compared with differences of its outputs.
struct GradientCase: Sendable, CustomTestStringConvertible {
    var type: String
    /// The inputs' shapes; nil leaves an input out.
    var shapes: [[Int]?]
    /// Stored inputs, by port, that are not random: axes, shapes, bounds.
    var stored: [Int: TensorData] = [:]
    /// Ports of random inputs that are stored: weights.
    var weights: Set<Int> = []
    var attributes: [Attribute] = []
    var range = -1.0...1.0
    var outputs = 1
    var opset = 18

    var testDescription: String {
        "\(type) \(shapes.map { $0.map { "\($0)" } ?? "-" }) \(attributes.map { "\($0.name)=\($0.value)" })"
    }

    /// The model of this node on numbers of a type, and the tensors of its inputs. All types get the same numbers.
    func model(_ type: ElementType) throws -> (model: Model, feeds: [ValueID: TensorData]) {
        var inputs: [TensorData?] = []
        for (port, shape) in shapes.enumerated() {
            guard let shape else {
                inputs.append(nil)
                continue
            }
            if let tensor = stored[port] {
                inputs.append(tensor.elementType == .float32 ? try tensor.cast(to: type) : tensor)
            } else {
                inputs.append(try TensorData.random(shape, seed: UInt64(port + 1), in: range).cast(to: type))
            }
        }
        let constants = weights.union(stored.keys)
        let model = try singleNodeModel(
            self.type,
            inputs: inputs,
            constants: constants,
            attributes: attributes,
            outputCount: outputs,
            opset: opset
        )
        var feeds: [ValueID: TensorData] = [:]
        for (port, tensor) in inputs.enumerated() where !constants.contains(port) {
            if let tensor, let id = model.graph.value(named: "x\(port)") { feeds[id] = tensor }
        }
        return (model, feeds)
    }
}

/// Random seeds for some targets at a model's inputs, by target.
func randomSeeds(_ model: Model, _ feeds: [ValueID: TensorData], _ targets: [ValueID]) throws -> [ValueID: TensorData] {
    let facts = try GraphFacts(model, inputShapes: feeds.mapValues(\.shape))
    var seeds: [ValueID: TensorData] = [:]
    for (index, target) in targets.enumerated() {
        let type = facts.type(target)
        guard let sizes = type.sizes, let elementType = type.elementType else {
            throw CNNOptError(.internalFault, "a target of type \(type)")
        }
        seeds[target] = try TensorData.random(sizes, seed: UInt64(100 + index)).cast(to: elementType)
    }
    return seeds
}

/// The gradients that a gradient graph computes, in the order of `wanted`.
func gradients(
    _ graph: GradientGraph,
    _ feeds: [ValueID: TensorData],
    _ seeds: [ValueID: TensorData],
    wanted: [ValueID],
    _ backend: Backend
) throws -> [[Double]] {
    var feeds = feeds
    for (target, tensor) in seeds { if let input = graph.seeds[target] { feeds[input] = tensor } }
    let ids = wanted.compactMap { graph.gradients[$0] }
    guard ids.count == wanted.count else {
        throw CNNOptError(.internalFault, "no gradient: \(graph.barriers)")
    }
    return try Engine(graph.model, backend: backend, targets: ids).run(feeds, threads: 2).map { try $0.doubles() }
}

/// The derivative of Σ seed · target with respect to each element of an input, by central differences of a model of doubles.
func differences(
    _ model: Model,
    _ feeds: [ValueID: TensorData],
    _ seeds: [ValueID: TensorData],
    of input: ValueID,
    step: Double = 1e-5
) throws -> [Double] {
    let targets = seeds.keys.sorted()
    let plan = try ExecutionPlan(model, facts: GraphFacts(model), targets: targets)
    guard let tensor = feeds[input] else { throw CNNOptError(.internalFault, "an input that is not fed") }
    let values = try tensor.doubles()
    func loss(_ index: Int, _ change: Double) throws -> Double {
        var changed = values
        changed[index] += change
        var feeds = feeds
        feeds[input] = try TensorData(doubles: changed, as: .float64, shape: tensor.shape)
        var sum = 0.0
        for (target, output) in zip(targets, try plan.run(feeds, threads: 1)) {
            for (a, b) in zip(try output.doubles(), try seeds[target]?.doubles() ?? []) { sum += a * b }
        }
        return sum
    }
    return try values.indices.map { (try loss($0, step) - loss($0, -step)) / (2 * step) }
}

/// The largest difference, as a part of the largest expected number.
func relativeError(_ found: [Double], _ expected: [Double]) -> Double {
    guard found.count == expected.count else { return .infinity }
    let size = expected.map(abs).max() ?? 0
    let most = zip(found, expected).map { abs($0 - $1) }.max() ?? 0
    return found.allSatisfy(\.isFinite) ? most / max(size, 1e-6) : .infinity
}
