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
        let kernel: any Kernel
        let inputs: [ValueID?]
        let outputs: [ValueID?]
        let released: [ValueID]
    }

    /// One node's turn.
    struct Turn {
        let id: NodeID
        let kernel: any Kernel
        /// The inputs, batch by batch.
        let inputs: [[TensorData?]]
        let threads: Int

        /// The node's outputs, batch by batch; a port's tensors are replaced by `replacing`.
        func run(replacing: [Int: TensorData] = [:]) throws(CNNOptError) -> [[TensorData]] {
            var results: [[TensorData]] = []
            for batch in inputs {
                var arguments = batch
                for (port, tensor) in replacing {
                    while arguments.count <= port { arguments.append(nil) }
                    arguments[port] = tensor
                }
                results.append(try kernel.run(arguments, threads: threads))
            }
            return results
        }
    }

    private let steps: [Step]
    private let feed: ValueID
    private let constants: [ValueID: TensorData]
    private let threads: Int

    /// - Parameter needed: values that have to be computed; what none of them depends on is not run.
    init(_ model: Model, _ facts: GraphFacts, needed: [ValueID], threads: Int) throws(CNNOptError) {
        let graph = model.graph
        guard let feed = graph.feeds.first, graph.feeds.count == 1 else {
            throw CNNOptError(
                .unsupported,
                "images can be fed to a model with one input; this one has \(graph.feeds.count)"
            )
        }
        self.feed = feed
        self.threads = threads
        var live = Set(needed)
        var kept: [NodeID] = []
        for id in try graph.topologicalOrder().reversed()
        where graph[id].outputs.contains(where: { $0.map(live.contains) ?? false }) {
            kept.append(id)
            live.formUnion(graph.arguments(of: id).compactMap { $0 })
        }
        kept.reverse()
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
                    kernel: try facts.kernel(id, graph),
                    inputs: graph.arguments(of: id),
                    outputs: graph[id].outputs,
                    released: releases[index]
                )
            )
        }
        self.steps = steps
        constants = Dictionary(
            uniqueKeysWithValues: live.compactMap { value in graph[value].constant.map { (value, $0.data) } }
        )
    }

    /// Runs the batches.
    /// - Parameters:
    ///   - value: what stands for a computed value from then on, batch by batch; graph inputs too.
    ///   - turn: computes a node's outputs.
    /// - Returns: the most bytes that activations took at any time.
    @discardableResult
    func run(
        _ batches: [TensorData],
        value: (ValueID, TensorData) throws(CNNOptError) -> TensorData,
        turn: (Turn) throws(CNNOptError) -> [[TensorData]]
    ) throws(CNNOptError) -> Int {
        var slots: [ValueID: [TensorData]] = [:]
        var fed: [TensorData] = []
        for batch in batches { fed.append(try value(feed, batch)) }
        slots[feed] = fed
        var bytes = fed.reduce(0) { $0 + $1.byteCount }
        var peak = bytes
        for step in steps {
            do throws(CNNOptError) {
                var inputs: [[TensorData?]] = []
                for batch in batches.indices {
                    var arguments: [TensorData?] = []
                    for input in step.inputs {
                        guard let input else {
                            arguments.append(nil)
                            continue
                        }
                        guard let tensor = constants[input] ?? slots[input]?[batch] else {
                            throw CNNOptError(.invalidModel, "an input has no value")
                        }
                        arguments.append(tensor)
                    }
                    inputs.append(arguments)
                }
                let results = try turn(Turn(id: step.id, kernel: step.kernel, inputs: inputs, threads: threads))
                inputs = []
                for (port, output) in step.outputs.enumerated() {
                    guard let output else { continue }
                    var tensors: [TensorData] = []
                    for result in results where result.indices.contains(port) {
                        tensors.append(try value(output, result[port]))
                    }
                    guard tensors.count == batches.count else {
                        throw CNNOptError(.unsupported, "output \(port) is not computed by this build")
                    }
                    bytes += tensors.reduce(0) { $0 + $1.byteCount }
                    slots[output] = tensors
                }
                peak = max(peak, bytes)
                for released in step.released {
                    bytes -= slots.removeValue(forKey: released)?.reduce(0) { $0 + $1.byteCount } ?? 0
                }
            } catch {
                throw error.atNode(step.name, operatorName: step.operatorName)
            }
        }
        return peak
    }
}
