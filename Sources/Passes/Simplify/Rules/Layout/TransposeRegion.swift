import GraphIR
import Operators
import Tensors

/// Connected nodes that could compute with their axes in another order, and which of them should.
///
/// Between the tensors of one order and those of another a Transpose has to stand. Where each node works is a cut of a network:
/// what comes from a Transpose of the order is at hand in the new one, what goes into one of the opposite order is wanted there,
/// everything else outside is of the old one, and each value that is made in one order and read in the other costs one Transpose.
/// The minimum cut is the cheapest assignment.
struct TransposeRegion {
    /// The nodes, with what changes in each.
    private(set) var nodes: [NodeID: ReorderedNode] = [:]
    /// The nodes in the order in which they were found.
    private var found: [NodeID] = []
    let order: AxisOrder
    /// The values that nodes of the region make or read in an order.
    private var values: [ValueID] = []
    private var isListed: Set<ValueID> = []

    /// Edges times Transposes up to which the network is solved.
    private static let largestWork = 1 << 26

    /// What is connected with a value.
    init(around start: ValueID, _ order: AxisOrder, _ graph: Graph, _ facts: GraphFacts) {
        self.order = order
        var queue: [NodeID] = []
        var seen: Set<NodeID> = []
        func near(_ value: ValueID) -> [NodeID] {
            graph[value].uses.map(\.node) + (graph[value].producer.map { [$0.node] } ?? [])
        }
        func reach(_ value: ValueID) {
            guard isListed.insert(value).inserted else { return }
            values.append(value)
            for id in near(value) where seen.insert(id).inserted { queue.append(id) }
        }
        reach(start)
        var next = 0
        while next < queue.count {
            let id = queue[next]
            next += 1
            guard let change = change(of: id, graph, facts) else { continue }
            nodes[id] = change
            found.append(id)
            for port in change.dataPorts {
                if let input = graph[id].inputs[port], !isFree(input, graph, facts) { reach(input) }
            }
            if change.movesOutputs { for case let output? in graph[id].outputs { reach(output) } }
        }
    }

    /// What changes in a node; nil where it cannot work in the new order.
    private func change(of id: NodeID, _ graph: Graph, _ facts: GraphFacts) -> ReorderedNode? {
        guard let definition = facts.definition(id, graph), !definition.traits.contains(.permutes) else { return nil }
        let site = facts.site(id, graph)
        guard let change = (try? definition.reordered(site, by: order)) ?? nil,
            !change.movesOutputs || site.outputTypes.allSatisfy({ $0 == nil || $0?.rank == order.rank })
        else { return nil }
        for port in change.dataPorts {
            guard site.node.inputs.indices.contains(port), let input = site.node.inputs[port] else { return nil }
            guard isFree(input, graph, facts) || facts.type(input).rank == order.rank else { return nil }
            // A stored tensor is put into the new order once and for all: not one that is folded only when it is used.
            if let stored = graph.constant(input), stored.shape.count > order.rank { return nil }
        }
        return change
    }

    /// Whether a value is at hand in both orders: stored, or of one element.
    func isFree(_ value: ValueID, _ graph: Graph, _ facts: GraphFacts) -> Bool {
        if graph.constant(value) != nil { return true }
        guard let sizes = facts.type(value).sizes else { return false }
        return sizes.count <= order.rank && sizes.allSatisfy { $0 == 1 }
    }

    /// The nodes that should work in the new order, so that fewer Transposes are left; nil where none should.
    func nodesToMove(_ graph: Graph, _ facts: GraphFacts) -> Set<NodeID>? {
        guard !nodes.isEmpty else { return nil }
        var network = MinimumCut()
        var vertices: [NodeID: Int] = [:]
        for id in found { vertices[id] = network.addVertex() }
        var present = 0
        for value in values {
            guard let made = producer(of: value, vertices, graph, facts) else { continue }
            let read = readers(of: value, vertices, graph, facts)
            if made == MinimumCut.source, read.contains(where: { $0 != MinimumCut.source }) { present += 1 }
            if made != MinimumCut.source, read.contains(MinimumCut.source) { present += 1 }
            let (given, taken) = (network.addVertex(), network.addVertex())
            network.addEdge(made, given, 1)
            network.addEdge(taken, made, 1)
            for reader in Set(read).sorted() {
                network.addEdge(given, reader, MinimumCut.uncut)
                network.addEdge(reader, taken, MinimumCut.uncut)
            }
        }
        guard present > 0, network.edgeCount <= Self.largestWork / present else { return nil }
        let (cost, isMoved) = network.solve()
        guard cost < present else { return nil }
        return Set(found.filter { isMoved[vertices[$0] ?? MinimumCut.sink] })
    }

    /// The vertex of what makes a value; nil where it is at hand in both orders.
    private func producer(
        of value: ValueID,
        _ vertices: [NodeID: Int],
        _ graph: Graph,
        _ facts: GraphFacts
    ) -> Int? {
        if isFree(value, graph, facts) { return nil }
        guard let id = graph[value].producer?.node else { return MinimumCut.sink }
        if let vertex = vertices[id] { return nodes[id]?.movesOutputs == true ? vertex : nil }
        return graph.permutation(id, facts) == order.toOld ? MinimumCut.source : MinimumCut.sink
    }

    /// The vertices of all that read a value.
    private func readers(
        of value: ValueID,
        _ vertices: [NodeID: Int],
        _ graph: Graph,
        _ facts: GraphFacts
    ) -> [Int] {
        var result = graph[value].isGraphOutput ? [MinimumCut.sink] : []
        for use in graph[value].uses {
            if let vertex = vertices[use.node], let port = use.port, nodes[use.node]?.dataPorts.contains(port) == true {
                result.append(vertex)
            } else {
                result.append(
                    graph.permutation(use.node, facts) == order.toNew ? MinimumCut.source : MinimumCut.sink
                )
            }
        }
        return result
    }
}

extension Graph {
    /// The order of axes that a Transpose makes; nil for other nodes.
    func permutation(_ id: NodeID, _ facts: GraphFacts) -> [Int]? {
        guard let definition = facts.definition(id, self), definition.traits.contains(.permutes),
            case .transposition(let order)? = try? definition.computation(facts.site(id, self))
        else { return nil }
        return order
    }
}
