import Execution
import GraphIR
import Operators
import Tensors

/// The largest difference of two models' outputs on the same seeded random inputs, relative to the largest output.
///
/// Symbolic dimensions of inputs become `batch` in front and 64 elsewhere; integer inputs hold 0 and 1.
/// - Throws: `invalidData` where names, types or shapes of inputs or outputs differ, or a number is not finite on one side.
package func relativeDifference(_ a: Model, _ b: Model, batch: Int = 2, seed: UInt64 = 1) throws(CNNOptError) -> Double
{
    let feeds = try randomFeeds(a, batch: batch, seed: seed)
    let (x, y) = (try outputs(a, feeds), try outputs(b, feeds))
    guard x.map(\.name) == y.map(\.name) else {
        throw CNNOptError(.invalidData, "outputs \(x.map(\.name)) and \(y.map(\.name))")
    }
    var worst = 0.0
    for (left, right) in zip(x, y) {
        guard left.tensor.elementType == right.tensor.elementType, left.tensor.shape == right.tensor.shape else {
            throw CNNOptError(
                .invalidData,
                "\(left.name): \(left.tensor.elementType)\(left.tensor.shape), "
                    + "\(right.tensor.elementType)\(right.tensor.shape)"
            )
        }
        let (p, q) = (try left.tensor.doubles(), try right.tensor.doubles())
        let size = p.reduce(0) { max($0, abs($1)) }
        var difference = 0.0
        for (u, v) in zip(p, q) where u != v && !(u.isNaN && v.isNaN) {
            guard u.isFinite, v.isFinite else {
                throw CNNOptError(.invalidData, "\(left.name): \(u) became \(v)")
            }
            difference = max(difference, abs(u - v))
        }
        worst = max(worst, size > 0 ? difference / size : difference)
    }
    return worst
}

/// Random tensors for the inputs that a caller has to feed, by name.
package func randomFeeds(_ model: Model, batch: Int, seed: UInt64) throws(CNNOptError) -> [String: TensorData] {
    var feeds: [String: TensorData] = [:]
    for (index, id) in model.graph.feeds.enumerated() {
        guard let type = model.graph[id].type?.tensor else { continue }
        let shape = (type.shape ?? []).enumerated().map { $1.size ?? ($0 == 0 ? batch : 64) }
        let element = type.elementType ?? .float32
        let noise = try TensorData.random(shape, seed: seed &+ UInt64(index))
        let numbers = element.isFloat ? try noise.doubles() : try noise.doubles().map { $0 > 0 ? 1 : 0 }
        feeds[model.graph[id].name] = try TensorData(doubles: numbers, as: element, shape: shape)
    }
    return feeds
}

private func outputs(_ model: Model, _ feeds: [String: TensorData]) throws(CNNOptError) -> [(
    name: String, tensor: TensorData
)] {
    var inputs: [ValueID: TensorData] = [:]
    for id in model.graph.feeds { inputs[id] = feeds[model.graph[id].name] }
    let results = try ExecutionPlan(model).run(inputs, threads: 2)
    return zip(model.graph.outputs, results).map { (model.graph[$0].name, $1) }
}
