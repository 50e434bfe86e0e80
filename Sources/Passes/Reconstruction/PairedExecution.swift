import Execution
import GraphIR
import Operators
import Tensors

/// Runs a network and its pruned form side by side, node by node, over all samples at once, so that a layer can be fitted
/// before anything behind it is computed.
///
/// What both have in common is computed once. A tensor is let go after its last user.
struct PairedExecution {
    let original: Model
    let pruned: Model
    private let originalFacts: GraphFacts
    let prunedFacts: GraphFacts
    let order: [NodeID]
    let batchCount: Int
    private let threads: Int
    private var originals: [ValueID: BatchedTensor] = [:]
    /// Values that differ from the original's.
    private var changed: [ValueID: BatchedTensor] = [:]
    private var lastUse: [ValueID: Int] = [:]

    init(
        original: Model,
        _ originalFacts: GraphFacts,
        pruned: Model,
        _ prunedFacts: GraphFacts,
        feed: ValueID,
        batches: [TensorData],
        threads: Int
    ) throws(CNNOptError) {
        self.original = original
        self.pruned = pruned
        self.originalFacts = originalFacts
        self.prunedFacts = prunedFacts
        self.threads = threads
        batchCount = batches.count
        let graph = original.graph
        order = try graph.topologicalOrder().filter { id in
            !graph[id].outputs.allSatisfy { $0.map { originalFacts.constant($0, graph) != nil } ?? true }
        }
        for (index, id) in order.enumerated() {
            for case let value? in graph.arguments(of: id) + graph[id].outputs { lastUse[value] = index }
        }
        for id in graph.valueIDs {
            guard let data = originalFacts.constant(id, graph) else { continue }
            originals[id] = .fixed(data)
            if let own = prunedFacts.constant(pruned.graph.contains(id) ? id : nil, pruned.graph),
                !own.isIdentical(to: data)
            {
                changed[id] = .fixed(own)
            }
        }
        for id in pruned.graph.valueIDs where !graph.contains(id) {
            if let data = pruned.graph.constant(id) { changed[id] = .fixed(data) }
        }
        originals[feed] = .batches(batches)
    }

    func original(_ id: ValueID) -> BatchedTensor? { originals[id] }
    func pruned(_ id: ValueID) -> BatchedTensor? { changed[id] ?? originals[id] }
    func isChanged(_ id: ValueID) -> Bool { changed[id] != nil }

    /// Puts another tensor in the place of a stored one of the pruned network.
    mutating func replace(_ id: ValueID, with tensor: TensorData) { changed[id] = .fixed(tensor) }

    /// Whether a node computes something else in the pruned network.
    func differs(_ id: NodeID) -> Bool {
        let (mine, theirs) = (original.graph.arguments(of: id), pruned.graph.arguments(of: id))
        return mine != theirs
            || (theirs + pruned.graph[id].outputs).contains { $0.map { changed[$0] != nil } ?? false }
    }

    /// Runs one node of the original.
    mutating func runOriginal(_ id: NodeID) throws(CNNOptError) {
        for (value, held) in try run(id, original, originalFacts, originals) { originals[value] = held }
    }

    /// Runs one node of the pruned network where it differs.
    /// - Parameter extra: a tensor for an input port that the node does not have yet.
    mutating func runPruned(_ id: NodeID, extra: (port: Int, tensor: TensorData)? = nil) throws(CNNOptError) {
        guard differs(id) || extra != nil else { return }
        let slots = originals.merging(changed) { _, new in new }
        for (value, held) in try run(id, pruned, prunedFacts, slots, extra: extra) { changed[value] = held }
    }

    /// Lets go what no node after the one at `index` needs.
    mutating func release(after index: Int) {
        let id = order[index]
        for case let value? in original.graph.arguments(of: id) + original.graph[id].outputs
        where lastUse[value] == index {
            originals[value] = nil
            changed[value] = nil
        }
    }

    private func run(
        _ id: NodeID,
        _ model: Model,
        _ facts: GraphFacts,
        _ slots: [ValueID: BatchedTensor],
        extra: (port: Int, tensor: TensorData)? = nil
    ) throws(CNNOptError) -> [(ValueID, BatchedTensor)] {
        let graph = model.graph
        var operands: [BatchedTensor?] = []
        for input in graph.arguments(of: id) {
            guard let input else {
                operands.append(nil)
                continue
            }
            guard let held = slots[input] else {
                throw CNNOptError(.internalFault, "'\(graph[input].name)' was not computed")
            }
            operands.append(held)
        }
        if let extra {
            while operands.count <= extra.port { operands.append(nil) }
            operands[extra.port] = .fixed(extra.tensor)
        }
        let results = try NodeExecution(id, model, facts).run(operands, batchCount: batchCount, threads: threads)
        return zip(graph[id].outputs, results).compactMap { output, result in
            guard let output, let result else { return nil }
            return (output, result)
        }
    }
}
