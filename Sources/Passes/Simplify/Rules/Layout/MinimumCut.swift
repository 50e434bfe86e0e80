/// The cheapest way to cut a directed network in two: by the theorem of L. R. Ford and D. R. Fulkerson (*Maximal Flow Through a
/// Network*, 1956) as cheap as the largest flow is strong. Flows grow along shortest paths (J. Edmonds and R. M. Karp, 1972).
struct MinimumCut {
    private struct Edge {
        let target: Int
        var capacity: Int
    }

    static let source = 0
    static let sink = 1
    /// A capacity that no cut pays.
    static let uncut = 1 << 30

    /// Each edge at an even place is followed by its opposite.
    private var edges: [Edge] = []
    private var outgoing: [[Int]] = [[], []]

    /// The number of edges, opposite ones counted too.
    var edgeCount: Int { edges.count }

    mutating func addVertex() -> Int {
        outgoing.append([])
        return outgoing.count - 1
    }

    mutating func addEdge(_ from: Int, _ to: Int, _ capacity: Int) {
        outgoing[from].append(edges.count)
        edges.append(Edge(target: to, capacity: capacity))
        outgoing[to].append(edges.count)
        edges.append(Edge(target: from, capacity: 0))
    }

    /// The cost of the cheapest cut, and for each vertex whether it is on the source's side: of all cheapest cuts, the one with
    /// the fewest such vertices.
    mutating func solve() -> (cost: Int, isOnSourceSide: [Bool]) {
        var cost = 0
        while true {
            let arrival = search()
            guard arrival[Self.sink] != nil else { return (cost, arrival.map { $0 != nil }) }
            var amount = Self.uncut
            walk(arrival) { amount = min(amount, edges[$0].capacity) }
            var path: [Int] = []
            walk(arrival) { path.append($0) }
            for edge in path {
                edges[edge].capacity -= amount
                edges[edge ^ 1].capacity += amount
            }
            cost += amount
        }
    }

    /// The edge by which each vertex is first reached; the source reaches itself by -1.
    private func search() -> [Int?] {
        var arrival = [Int?](repeating: nil, count: outgoing.count)
        arrival[Self.source] = -1
        var queue = [Self.source]
        var next = 0
        while next < queue.count, arrival[Self.sink] == nil {
            for edge in outgoing[queue[next]] where edges[edge].capacity > 0 && arrival[edges[edge].target] == nil {
                arrival[edges[edge].target] = edge
                queue.append(edges[edge].target)
            }
            next += 1
        }
        return arrival
    }

    /// The edges from the sink back to the source.
    private func walk(_ arrival: [Int?], _ body: (Int) -> Void) {
        var vertex = Self.sink
        while let edge = arrival[vertex], edge >= 0 {
            body(edge)
            vertex = edges[edge ^ 1].target
        }
    }
}
