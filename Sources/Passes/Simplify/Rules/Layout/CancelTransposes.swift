import GraphIR
import Operators
import Tensors

/// Lets nodes that do not care for the order of axes work in the one that needs fewer Transposes.
///
/// Exporters of channels-last models wrap each convolution in a pair of Transposes, with activations, sums, concatenations and
/// resizing in between:
///
/// | before | after |
/// | --- | --- |
/// | x → Transpose(p) → Relu → Transpose(p⁻¹) → y | x → Relu → y |
/// | Transpose(p)(a) + Transpose(p)(b) → Transpose(p⁻¹) | a + b |
/// | x → Transpose(p) → ReduceMean(1, 2), axes dropped → y | x → ReduceMean(2, 3) → y |
///
/// Each change lowers the number of Transposes, so that this ends. Which nodes change is a minimum cut: see ``TransposeRegion``.
enum CancelTransposes: RewriteSweep {
    static let name = "regions put into another order of axes"

    static func run(_ engine: inout RewriteEngine) throws(CNNOptError) {
        // What comes out of a Transpose is of its order; what goes into one may as well have been of the opposite one.
        var orders: [AxisOrder] = []
        var starts: [AxisOrder: [ValueID]] = [:]
        for id in Array(engine.graph.nodeIDs) {
            guard let permutation = engine.graph.permutation(id, engine.facts),
                permutation != Array(permutation.indices),
                let input = engine.graph[id].inputs.first ?? nil, let output = engine.graph[id].outputs.first ?? nil
            else { continue }
            let order = AxisOrder(places: permutation)
            for (order, start) in [(order, output), (AxisOrder(places: order.toNew), input)] {
                if starts[order] == nil { orders.append(order) }
                starts[order, default: []].append(start)
            }
        }
        for order in orders {
            var isChanged = false
            var seen: Set<NodeID> = []
            for start in starts[order] ?? [] {
                guard engine.graph.contains(start) else { continue }
                // A region is looked at once, from the first Transpose at its edge.
                let value = engine.graph[start]
                let near = value.uses.map(\.node) + (value.producer.map { [$0.node] } ?? [])
                guard near.contains(where: { !seen.contains($0) }) else { continue }
                let region = TransposeRegion(around: start, order, engine.graph, engine.facts)
                seen.formUnion(region.nodes.keys)
                seen.formUnion(near)
                guard let moved = region.nodesToMove(engine.graph, engine.facts) else { continue }
                let ids = try engine.graph.topologicalOrder().filter(moved.contains)
                guard let first = ids.first else { continue }
                let patch = try patch(moving: ids, region, engine.graph, engine.facts)
                guard try engine.apply(Rewriting(patch), of: name, at: first) else { return }
                isChanged = true
            }
            if isChanged { return }
        }
    }

    private static func patch(
        moving ids: [NodeID],
        _ region: TransposeRegion,
        _ graph: Graph,
        _ facts: GraphFacts
    ) throws(CNNOptError) -> Patch {
        var rewrite = Reordering(region, Set(ids), graph, facts)
        for id in ids { try rewrite.move(id) }
        rewrite.joinOutputs(ids)
        return rewrite.patch
    }
}

/// The patch that lets nodes work in another order of axes.
private struct Reordering {
    private(set) var patch: Patch
    private let region: TransposeRegion
    private let moved: Set<NodeID>
    private let graph: Graph
    private let facts: GraphFacts
    /// Values in the new order, by their old form.
    private var reordered: [ValueID: ValueID] = [:]

    init(_ region: TransposeRegion, _ moved: Set<NodeID>, _ graph: Graph, _ facts: GraphFacts) {
        (self.region, self.moved, self.graph, self.facts) = (region, moved, graph, facts)
        patch = Patch(graph, author: "simplify")
    }

    mutating func move(_ id: NodeID) throws(CNNOptError) {
        guard let change = region.nodes[id] else { return }
        var node = graph[id]
        for port in change.dataPorts {
            guard let input = node.inputs[port] else { continue }
            node.inputs[port] = try newForm(of: input)
        }
        for attribute in change.edit.attributes { node.setAttribute(attribute) }
        node.attributes.removeAll { change.edit.removedAttributes.contains($0.name) }
        for (port, data) in change.edit.constants.sorted(by: { $0.key < $1.key }) {
            while node.inputs.count <= port { node.inputs.append(nil) }
            node.inputs[port] = patch.store(
                data,
                over: node.inputs[port],
                usedBy: id,
                stem: "\(graph.displayName(id))_\(port)",
                in: graph
            )
        }
        if change.movesOutputs {
            for (port, output) in node.outputs.enumerated() {
                // Of one element it is the same in both orders.
                guard let output, !region.isFree(output, graph, facts) else { continue }
                let value = patch.addValue("\(graph[output].name)_reordered", in: graph)
                reordered[output] = value
                node.outputs[port] = value
            }
        }
        patch.replaceNode(id, with: node)
    }

    /// A value in the new order: what a Transpose made the old form of, a stored tensor put into it, or a new Transpose's output.
    private mutating func newForm(of value: ValueID) throws(CNNOptError) -> ValueID {
        if let known = reordered[value] { return known }
        let result: ValueID
        if let stored = graph.constant(value) {
            guard let data = try region.order.moved(stored) else { return value }
            result = data.count == 1 ? value : patch.addConstant("\(graph[value].name)_reordered", data, in: graph)
        } else if region.isFree(value, graph, facts) {
            result = value
        } else if let producer = graph[value].producer?.node, let source = graph[producer].inputs.first ?? nil,
            graph.permutation(producer, facts) == region.order.toOld
        {
            result = source
        } else {
            result = patch.addValue("\(graph[value].name)_reordered", in: graph)
            patch.addNode(transpose(value, result, region.order.toNew), after: graph[value].producer?.node)
        }
        reordered[value] = result
        return result
    }

    private func oppositeTransposes(of value: ValueID) -> [NodeID] {
        graph[value].uses.map(\.node).filter { graph.permutation($0, facts) == region.order.toNew }
    }

    private func transpose(_ input: ValueID, _ output: ValueID, _ order: [Int]) -> Node {
        Node("Transpose", inputs: [input], outputs: [output], attributes: [Attribute("perm", order)])
    }

    /// Gives everything that reads an output of a moved node what it read before: Transposes of the opposite order hand the new
    /// form on, the rest reads a Transpose of it.
    mutating func joinOutputs(_ ids: [NodeID]) {
        for id in ids where region.nodes[id]?.movesOutputs == true {
            for case let output? in graph[id].outputs {
                guard let value = reordered[output] else { continue }
                let opposite = oppositeTransposes(of: output)
                for twin in opposite {
                    var node = graph[twin]
                    node.operatorType = "Identity"
                    node.attributes = []
                    node.inputs = [value]
                    patch.replaceNode(twin, with: node)
                }
                let others = graph[output].uses.filter { use in
                    let readsData =
                        moved.contains(use.node)
                        && use.port.map { region.nodes[use.node]?.dataPorts.contains($0) == true } ?? false
                    return !readsData && !opposite.contains(use.node)
                }
                if !others.isEmpty || graph[output].isGraphOutput {
                    patch.addNode(transpose(value, output, region.order.toOld), after: id)
                }
            }
        }
    }
}
