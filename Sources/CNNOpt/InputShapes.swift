import GraphIR
import Tensors

extension Model {
    /// The model with symbolic dimensions of its inputs fixed, and with them the same symbols wherever values are declared.
    /// - Parameters:
    ///   - shapes: sizes by input name.
    ///   - batch: the first dimension of every input that leaves it open and is not named in `shapes`.
    /// - Throws: `usage` where a name is no input, or a size contradicts the model.
    func fixing(inputShapes shapes: [String: [Int]], batch: Int?) throws(CNNOptError) -> Model {
        guard !shapes.isEmpty || batch != nil else { return self }
        let feeds = graph.feeds
        for name in shapes.keys.sorted() where !feeds.contains(where: { graph[$0].name == name }) {
            throw CNNOptError(
                .usage,
                "--input-shape names '\(name)', which is no input of the model",
                remedy: "its inputs are: \(feeds.map { graph[$0].name }.joined(separator: ", "))"
            )
        }
        var types: [ValueID: TensorType] = [:]
        for id in feeds {
            types[id] = try fixedType(id, sizes: shapes[graph[id].name], batch: batch)
        }
        let symbols = sizesOfSymbols(types)
        var patch = Patch(graph, author: "input-shape")
        for id in graph.valueIDs {
            guard var type = types[id] ?? graph[id].type?.tensor else { continue }
            type.shape = type.shape?.map { dimension in
                guard case .symbol(let name) = dimension, let size = symbols[name] else { return dimension }
                return .known(size)
            }
            if type != graph[id].type?.tensor { patch.setType(id, .tensor(type)) }
        }
        var result = self
        if !patch.isEmpty { try result.graph.apply(patch) }
        return result
    }

    private func fixedType(_ id: ValueID, sizes: [Int]?, batch: Int?) throws(CNNOptError) -> TensorType? {
        guard var type = graph[id].type?.tensor else { return nil }
        let name = graph[id].name
        if let sizes {
            let fits = type.shape.map {
                $0.count == sizes.count && zip($0, sizes).allSatisfy { $0.size == nil || $0.size == $1 }
            }
            guard fits ?? true else {
                throw CNNOptError(
                    .usage,
                    "--input-shape \(name):\(sizes.map(String.init).joined(separator: ",")) contradicts the model's \(type)",
                    remedy: "only dimensions that the model leaves open can be fixed"
                )
            }
            type.shape = Shape(sizes: sizes)
        } else if let batch, let first = type.shape?.first {
            guard first.size ?? batch == batch else {
                throw CNNOptError(
                    .usage,
                    "--batch \(batch) contradicts input '\(name)', whose first dimension is fixed at \(first)"
                )
            }
            type.shape?[0] = .known(batch)
        }
        return type
    }

    /// What the symbols of the inputs became; those that became two sizes are left out, since they say nothing about others.
    private func sizesOfSymbols(_ types: [ValueID: TensorType]) -> [String: Int] {
        var found: [String: Set<Int>] = [:]
        for (id, type) in types {
            for (old, new) in zip(graph[id].type?.tensor?.shape ?? [], type.shape ?? []) {
                if case .symbol(let name) = old, let size = new.size { found[name, default: []].insert(size) }
            }
        }
        return found.compactMapValues { $0.count == 1 ? $0.first : nil }
    }
}
