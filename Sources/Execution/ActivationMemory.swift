import GraphIR
import Operators
import Tensors

/// The nodes that some values need, in order, and the memory that the tensors between them take where each is let go after
/// its last use. Stored tensors do not count, nor do those whose size is not known.
package struct ActivationMemory {
    package let nodes: [NodeID]
    /// The most bytes at one time.
    package let largestLiveSet: Int

    /// - Parameters:
    ///   - facts: hold the sizes: made for concrete input shapes.
    ///   - targets: values that are kept to the end; the graph's outputs by default.
    package init(_ graph: Graph, _ facts: GraphFacts, targets: [ValueID]? = nil) throws(CNNOptError) {
        let targets = targets ?? graph.outputs
        let needed: Set<ValueID>
        (nodes, needed) = try graph.nodes(neededFor: targets)

        var lastUse: [ValueID: Int] = [:]
        for (index, id) in nodes.enumerated() {
            for case let value? in graph.arguments(of: id) + graph[id].outputs { lastUse[value] = index }
        }
        for value in targets { lastUse[value] = nil }
        var released = [Int](repeating: 0, count: nodes.count)
        for (value, index) in lastUse where graph[value].constant == nil {
            released[index] = released[index].clampedAdding(facts.type(value).byteCount ?? 0)
        }
        var live = graph.feeds.filter { needed.contains($0) }.reduce(0) {
            $0.clampedAdding(facts.type($1).byteCount ?? 0)
        }
        var largest = live
        for (index, id) in nodes.enumerated() {
            for case let output? in graph[id].outputs { live = live.clampedAdding(facts.type(output).byteCount ?? 0) }
            largest = max(largest, live)
            live = max(0, live - released[index])
        }
        largestLiveSet = largest
    }
}

extension TensorType {
    /// The bytes of a tensor of this type; nil where a size or the element type is not known.
    package var byteCount: Int? {
        guard let elementType, let sizes, let count = checkedProduct(sizes) else { return nil }
        return elementType.byteCount(of: count)
    }
}

extension Int {
    /// The sum, or the largest number where it is more.
    func clampedAdding(_ other: Int) -> Int {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
