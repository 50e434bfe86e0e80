import GraphIR
import Operators
import Tensors

/// What lies between some values and targets that depend on them.
struct GradientPath {
    /// In topological order.
    let nodes: [NodeID]
    /// The values between, both ends included.
    let values: Set<ValueID>

    init(_ graph: Graph, _ facts: GraphFacts, from sources: Set<ValueID>, to targets: [ValueID]) throws(CNNOptError) {
        let order = try graph.topologicalOrder()
        var dependent = sources
        for id in order where graph.arguments(of: id).contains(where: { $0.map(dependent.contains) ?? false }) {
            // What shape arithmetic knows does not depend on any element.
            dependent.formUnion(graph[id].outputs.compactMap { $0 }.filter { facts.constant($0, graph) == nil })
        }
        var reaching = Set(targets).intersection(dependent)
        var between: [NodeID] = []
        for id in order.reversed()
        where graph[id].outputs.contains(where: { $0.map(reaching.contains) ?? false }) {
            let arguments = graph.arguments(of: id).compactMap { $0 }.filter { dependent.contains($0) }
            guard !arguments.isEmpty else { continue }
            between.append(id)
            reaching.formUnion(arguments)
        }
        nodes = between.reversed()
        values = reaching
    }

    /// Whether a tensor of this type may have a gradient.
    static func carriesGradients(_ type: TensorType) -> Bool {
        type.elementType == .float32 || type.elementType == .float64
    }
}
