import GraphIR
import Operators
import Tensors

/// One node of a model, run by itself over batches of samples: for passes that change a node's operands from step to step and look at
/// everything in between.
///
/// The node becomes a model of its own. Operands that are the same for all batches are its stored tensors, the others its inputs,
/// and an ``Engine`` runs it with fast kernels. Calls of functions and nodes with graphs inside run by plain loops.
package struct NodeExecution: Sendable {
    private let node: Node
    private let name: String
    private let opsetImports: [Model.OpsetImport]
    private let kernel: any Kernel
    private let isPlain: Bool

    /// - Throws: `unsupported` naming the operator that this build does not know or does not cover.
    package init(_ id: NodeID, _ model: Model, _ facts: GraphFacts, backend: Backend = .onednn) throws(CNNOptError) {
        kernel = try facts.kernel(id, model.graph)
        isPlain = backend == .reference || facts.call(id) != nil || model.graph[id].hasSubgraphs
        node = model.graph[id]
        name = facts.displayName(id, model.graph)
        opsetImports = model.opsetImports
    }

    /// Runs the node.
    /// - Parameters:
    ///   - operands: by port, behind them what graphs inside the node use by name (`Graph.arguments(of:)`); there may be more than the
    ///     node has ports in use, such as a bias that it will get.
    ///   - batchCount: how many tensors each operand has that is not fixed.
    /// - Returns: the outputs by port; nil where the node leaves one out. Fixed where all operands are.
    package func run(_ operands: [BatchedTensor?], batchCount: Int, threads: Int) throws(CNNOptError)
        -> [BatchedTensor?]
    {
        do throws(CNNOptError) {
            let isFixed = operands.allSatisfy { $0?.isFixed ?? true }
            var results: [[TensorData]] = []
            if isFixed || isPlain {
                for batch in 0..<(isFixed ? 1 : batchCount) {
                    results.append(try used(kernel.run(operands.map { $0?.tensor(batch) }, threads: threads)))
                }
            } else {
                results = try runCompiled(operands, batchCount, threads)
            }
            var place = -1
            return node.outputs.map { output in
                guard output != nil else { return nil }
                place += 1
                return isFixed ? .fixed(results[0][place]) : .batches(results.map { $0[place] })
            }
        } catch {
            throw error.atNode(name, operatorName: node.operatorName.description)
        }
    }

    /// The results at the ports that the node does not leave out.
    private func used(_ results: [TensorData]) throws(CNNOptError) -> [TensorData] {
        var used: [TensorData] = []
        for (port, output) in node.outputs.enumerated() where output != nil {
            guard results.indices.contains(port) else {
                throw CNNOptError(.unsupported, "output \(port) is not computed by this build")
            }
            used.append(results[port])
        }
        return used
    }

    /// Each batch runs on one thread: the bytes do not depend on how many there are.
    private func runCompiled(_ operands: [BatchedTensor?], _ batchCount: Int, _ threads: Int) throws(CNNOptError)
        -> [[TensorData]]
    {
        guard batchCount > 0 else { return [] }
        let (model, feeds) = try alone(operands)
        let engine = try Engine(model, backend: .onednn)
        @Sendable func run(_ batch: Int) throws(CNNOptError) -> [TensorData] {
            var inputs: [ValueID: TensorData] = [:]
            for (id, operand) in feeds { inputs[id] = operand.tensor(batch) }
            return try engine.run(inputs, threads: 1)
        }
        // The first batch makes the plan that the others use.
        var results = [try run(0)]
        let rest = concurrentMap(batchCount - 1, threads: threads) { (index) throws(CNNOptError) in try run(index + 1) }
        for result in rest { results.append(try result.get()) }
        return results
    }

    /// The node as a model, and its inputs.
    private func alone(_ operands: [BatchedTensor?]) throws(CNNOptError) -> (Model, [(ValueID, BatchedTensor)]) {
        var graph = Graph()
        var node = node
        node.name = name
        var feeds: [(ValueID, BatchedTensor)] = []
        node.inputs = []
        for (port, operand) in operands.enumerated() {
            guard let operand else {
                node.inputs.append(nil)
                continue
            }
            let name = "input \(port)"
            let id = graph.internValue(name)
            node.inputs.append(id)
            if case .fixed(let tensor) = operand {
                try graph.addInitializer(Constant(name: name, tensor))
            } else {
                let first = operand.tensor(0)
                let shape = Shape(first.shape.map { _ in Dimension.unknown })
                try graph.addInput(name, type: .tensor(TensorType(first.elementType, shape)))
                feeds.append((id, operand))
            }
        }
        let names = node.outputs.enumerated().map { port, output in output.map { _ in "output \(port)" } }
        node.outputs = names.map { $0.map { graph.internValue($0) } }
        try graph.addNode(node)
        for case let name? in names { try graph.addOutput(name, type: nil) }
        var model = Model(graph: graph)
        model.opsetImports = opsetImports
        return (model, feeds)
    }
}
