import GraphIR
import Tensors

extension Model {
    /// The model with symbolic dimensions of its inputs fixed.
    /// - Parameters:
    ///   - shapes: sizes by input name.
    ///   - batch: the first dimension of every input that leaves it open and is not named in `shapes`.
    /// - Throws: `usage` where a name is no input, or a size contradicts the model.
    func fixing(inputShapes shapes: [String: [Int]], batch: Int?) throws(CNNOptError) -> Model {
        var result = self
        let feeds = graph.feeds
        for name in shapes.keys.sorted() where !feeds.contains(where: { graph[$0].name == name }) {
            throw CNNOptError(
                .usage,
                "--input-shape names '\(name)', which is no input of the model",
                remedy: "its inputs are: \(feeds.map { graph[$0].name }.joined(separator: ", "))"
            )
        }
        var patch = Patch(graph, author: "input-shape")
        for id in feeds {
            guard var type = graph[id].type?.tensor else { continue }
            if let sizes = shapes[graph[id].name] {
                let fits = type.shape.map {
                    $0.count == sizes.count && zip($0, sizes).allSatisfy { $0.size == nil || $0.size == $1 }
                }
                guard fits ?? true else {
                    throw CNNOptError(
                        .usage,
                        "--input-shape \(graph[id].name):\(sizes.map(String.init).joined(separator: ",")) contradicts the model's \(type)",
                        remedy: "only dimensions that the model leaves open can be fixed"
                    )
                }
                type.shape = Shape(sizes: sizes)
            } else if let batch, let first = type.shape?.first {
                if first.size == nil {
                    type.shape?[0] = .known(batch)
                } else if first.size != batch {
                    throw CNNOptError(
                        .usage,
                        "--batch \(batch) contradicts input '\(graph[id].name)', whose first dimension is fixed at \(first)"
                    )
                }
            } else {
                continue
            }
            patch.setType(id, .tensor(type))
        }
        if !patch.isEmpty { try result.graph.apply(patch) }
        return result
    }
}
