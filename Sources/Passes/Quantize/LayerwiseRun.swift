import Execution
import GraphIR
import Operators
import Tensors

/// Runs a model node by node with all samples at once, so that what is changed at one layer is seen by every layer after it
/// without starting over.
struct LayerwiseRun {
    private struct Step {
        let id: NodeID
        let name: String
        let operatorName: String
        let node: NodeExecution
        let inputs: [ValueID?]
        let outputs: [ValueID?]
        let released: [ValueID]
    }

    /// One node's turn.
    struct Turn {
        let id: NodeID
        /// By port.
        let inputs: [BatchedTensor?]
        fileprivate let node: NodeExecution
        fileprivate let batchCount: Int
        fileprivate let threads: Int

        /// The node's outputs by port; the inputs at some ports are replaced by `replacing`.
        func run(replacing: [Int: TensorData] = [:]) throws(CNNOptError) -> [BatchedTensor?] {
            var operands = inputs
            for (port, tensor) in replacing {
                while operands.count <= port { operands.append(nil) }
                operands[port] = .fixed(tensor)
            }
            return try node.run(operands, batchCount: batchCount, threads: threads)
        }
    }

    private let steps: [Step]
    private let feed: ValueID
    private let constants: [ValueID: BatchedTensor]
    private let threads: Int

    /// - Parameter needed: values that have to be computed; what none of them depends on is not run.
    init(_ model: Model, _ facts: GraphFacts, needed: [ValueID], threads: Int) throws(CNNOptError) {
        let graph = model.graph
        feed = try graph.imageFeed()
        self.threads = threads
        let (kept, live) = try graph.nodes(neededFor: needed)
        var lastUse: [ValueID: Int] = [:]
        for (index, id) in kept.enumerated() {
            for case let value? in graph.arguments(of: id) + graph[id].outputs { lastUse[value] = index }
        }
        var releases = [[ValueID]](repeating: [], count: kept.count)
        for (value, index) in lastUse where graph[value].constant == nil { releases[index].append(value) }

        var steps: [Step] = []
        for (index, id) in kept.enumerated() {
            steps.append(
                Step(
                    id: id,
                    name: graph.displayName(id),
                    operatorName: graph[id].operatorName.description,
                    node: try NodeExecution(id, model, facts),
                    inputs: graph.arguments(of: id),
                    outputs: graph[id].outputs,
                    released: releases[index]
                )
            )
        }
        self.steps = steps
        constants = Dictionary(
            uniqueKeysWithValues: live.compactMap { value in graph[value].constant.map { (value, .fixed($0.data)) } }
        )
    }

    /// Runs the batches.
    /// - Parameters:
    ///   - value: what stands for a tensor of a computed value from then on; graph inputs too.
    ///   - turn: computes a node's outputs.
    func run(
        _ batches: [TensorData],
        value: (ValueID, TensorData) throws(CNNOptError) -> TensorData,
        turn: (Turn) throws(CNNOptError) -> [BatchedTensor?]
    ) throws(CNNOptError) {
        var slots = constants
        slots[feed] = try BatchedTensor.batches(batches).map { (tensor) throws(CNNOptError) in try value(feed, tensor) }
        for step in steps {
            do throws(CNNOptError) {
                var inputs: [BatchedTensor?] = []
                for input in step.inputs {
                    guard let input else {
                        inputs.append(nil)
                        continue
                    }
                    guard let held = slots[input] else { throw CNNOptError(.invalidModel, "an input has no value") }
                    inputs.append(held)
                }
                let results = try turn(
                    Turn(id: step.id, inputs: inputs, node: step.node, batchCount: batches.count, threads: threads)
                )
                inputs = []
                for case (let output?, let result?) in zip(step.outputs, results) {
                    slots[output] = try result.map { (tensor) throws(CNNOptError) in try value(output, tensor) }
                }
                for released in step.released { slots[released] = nil }
            } catch {
                throw error.atNode(step.name, operatorName: step.operatorName)
            }
        }
    }
}
