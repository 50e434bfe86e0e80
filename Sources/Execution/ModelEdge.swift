import GraphIR
import Operators
import Tensors

/// What a graph takes from its caller and what it gives back.
package struct ModelEdge: Sendable {
    /// A value at the edge.
    package struct Item: Sendable {
        package let id: ValueID
        package let name: String
        package let type: TensorType
    }

    /// The inputs that the caller feeds, in the graph's order.
    package let feeds: [Item]
    /// The values to compute, in order.
    package let targets: [Item]
    /// The names of all values that the targets need.
    private let names: [ValueID: String]

    init(_ graph: Graph, _ facts: GraphFacts, needed: Set<ValueID>, targets: [ValueID]) {
        func item(_ id: ValueID) -> Item { Item(id: id, name: graph[id].name, type: facts.type(id)) }
        feeds = graph.feeds.map(item)
        self.targets = targets.map(item)
        names = Dictionary(uniqueKeysWithValues: needed.union(targets).map { ($0, graph[$0].name) })
    }

    /// The tensors in the order of the feeds.
    /// - Throws: `usage` where one is not of the declared type or shape.
    func checked(_ inputs: [ValueID: TensorData]) throws(CNNOptError) -> [TensorData?] {
        var result: [TensorData?] = []
        for feed in feeds {
            if let tensor = inputs[feed.id] { try check(tensor, feed) }
            result.append(inputs[feed.id])
        }
        return result
    }

    /// - Throws: `invalidModel` naming an input that a node needs and the caller does not give.
    func checkComplete(_ inputs: [TensorData?]) throws(CNNOptError) {
        for (feed, tensor) in zip(feeds, inputs) where tensor == nil {
            if names[feed.id] != nil { throw missing(feed.id) }
        }
    }

    /// What to say of a value that a node needs and that is not there.
    func missing(_ id: ValueID) -> CNNOptError {
        let name = names[id] ?? ""
        let isFeed = feeds.contains { $0.id == id }
        return CNNOptError(
            .invalidModel,
            "'\(name)' has no value",
            remedy: isFeed ? "feed it with --input \(name)=…" : nil
        )
    }

    private func check(_ tensor: TensorData, _ feed: Item) throws(CNNOptError) {
        if let wanted = feed.type.elementType, wanted != tensor.elementType {
            throw CNNOptError(
                .usage,
                "input '\(feed.name)' is \(wanted.onnxName), but the tensor given is \(tensor.elementType.onnxName)"
            )
        }
        guard let shape = feed.type.shape else { return }
        let fits =
            shape.count == tensor.shape.count && zip(shape, tensor.shape).allSatisfy { $0.size == nil || $0.size == $1 }
        guard fits else {
            throw CNNOptError(
                .usage,
                "input '\(feed.name)' is \(feed.type), but the tensor given has shape \(tensor.shape)"
            )
        }
    }
}
