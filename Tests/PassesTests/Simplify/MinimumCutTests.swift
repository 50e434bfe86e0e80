import Tensors
import Testing

@testable import Passes

@Suite struct MinimumCutTests {
    /// Small random networks against the cheapest of all cuts.
    @Test(arguments: 0..<40)
    func theCheapestOfAllCuts(_ seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        func pick(_ count: Int) -> Int { min(Int(generator.uniform() * Double(count)), count - 1) }
        let count = 2 + 1 + pick(7)
        var network = MinimumCut()
        for _ in 2..<count { _ = network.addVertex() }
        var edges: [(from: Int, to: Int, capacity: Int)] = []
        for _ in 0..<3 * count {
            let edge = (from: pick(count), to: pick(count), capacity: 1 + pick(4))
            edges.append(edge)
            network.addEdge(edge.from, edge.to, edge.capacity)
        }
        func cost(_ side: (Int) -> Bool) -> Int {
            edges.filter { side($0.from) && !side($0.to) }.map(\.capacity).reduce(0, +)
        }
        let all = (0..<1 << (count - 2)).map { bits in
            cost { $0 == MinimumCut.source || $0 != MinimumCut.sink && bits >> ($0 - 2) & 1 == 1 }
        }
        let (found, side) = network.solve()
        #expect(found == all.min())
        #expect(cost { side[$0] } == found)
        #expect(side[MinimumCut.source] && !side[MinimumCut.sink])
    }
}
