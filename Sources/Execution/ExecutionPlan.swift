import GraphIR
import Operators
import Tensors

/// How a model is run: the kernels in order, and when each intermediate tensor may be let go. Immutable and shared between
/// threads; one call of ``run(_:threads:observing:observe:)`` is one execution.
package struct ExecutionPlan: Sendable {
    private struct Step: Sendable {
        let name: String
        let operatorName: String
        let kernel: any Kernel
        let inputs: [Int?]
        let outputs: [Int?]
        /// Slots that nothing needs after this step.
        let released: [Int]
    }

    private let steps: [Step]
    private let constants: [Int: TensorData]
    private let slotCount: Int
    /// The inputs that the caller feeds, in the graph's order.
    package let feeds: [Feed]
    /// The graph's outputs, in order.
    package let outputs: [Feed]
    private let names: [ValueID: String]

    /// A value at the model's edge.
    package struct Feed: Sendable {
        package let id: ValueID
        package let name: String
        package let type: TensorType
    }

    /// Prepares the model's main graph.
    /// - Parameters:
    ///   - targets: values to compute; the graph's outputs by default. Nodes that none of them needs are not run.
    /// - Throws: `unsupported` naming the operator that this build does not know or does not cover.
    package init(_ model: Model, facts: GraphFacts? = nil, targets: [ValueID]? = nil) throws(CNNOptError) {
        let graph = model.graph
        let facts = if let facts { facts } else { try GraphFacts(model) }
        let wanted = targets ?? graph.outputs
        let order = try graph.topologicalOrder()

        var needed = Set(wanted)
        var kept: [NodeID] = []
        for id in order.reversed() where graph[id].outputs.contains(where: { $0.map(needed.contains) ?? false }) {
            kept.append(id)
            needed.formUnion(graph[id].inputs.compactMap { $0 })
        }
        kept.reverse()

        var lastUse: [ValueID: Int] = [:]
        for (index, id) in kept.enumerated() {
            for case let value? in graph[id].inputs + graph[id].outputs { lastUse[value] = index }
        }
        for value in wanted { lastUse[value] = nil }
        var releases = [[Int]](repeating: [], count: kept.count)
        for (value, index) in lastUse where graph[value].constant == nil { releases[index].append(value.index) }

        var steps: [Step] = []
        for (index, id) in kept.enumerated() {
            let site = facts.site(id, graph)
            let operatorName = site.node.operatorName.description
            guard let definition = facts.definition(id, graph) else {
                throw CNNOptError(
                    .unsupported,
                    "this build cannot execute operator \(operatorName)",
                    remedy: "reading, summary and --passes none still work; `cnnopt operators` lists what is known"
                ).atNode(site.name, operatorName: operatorName)
            }
            let kernel: any Kernel
            do {
                kernel = try definition.reference(site)
            } catch {
                throw error.atNode(site.name, operatorName: operatorName)
            }
            steps.append(
                Step(
                    name: site.name,
                    operatorName: operatorName,
                    kernel: kernel,
                    inputs: site.node.inputs.map { $0?.index },
                    outputs: site.node.outputs.map { $0?.index },
                    released: releases[index].sorted()
                )
            )
        }
        self.steps = steps
        slotCount = graph.valueCapacity
        var constants: [Int: TensorData] = [:]
        for value in needed {
            guard let data = graph[value].constant?.data else { continue }
            constants[value.index] = data
        }
        self.constants = constants
        feeds = graph.feeds.map { Feed(id: $0, name: graph[$0].name, type: facts.type($0)) }
        outputs = wanted.map { Feed(id: $0, name: graph[$0].name, type: facts.type($0)) }
        names = Dictionary(uniqueKeysWithValues: needed.union(wanted).map { ($0, graph[$0].name) })
    }

    /// Runs the model once.
    /// - Parameters:
    ///   - inputs: a tensor for each feed that is needed, by value; element type and rank must be as declared.
    ///   - observing: values handed to `observe` as soon as they are computed (graph inputs too), before they are let go.
    /// - Returns: the targets, in order.
    package func run(
        _ inputs: [ValueID: TensorData],
        threads: Int,
        observing: Set<ValueID> = [],
        observe: (ValueID, TensorData) throws(CNNOptError) -> Void = { _, _ in }
    ) throws(CNNOptError) -> [TensorData] {
        var slots = [TensorData?](repeating: nil, count: slotCount)
        for (slot, tensor) in constants { slots[slot] = tensor }
        for feed in feeds {
            guard let tensor = inputs[feed.id] else { continue }
            try check(tensor, feed)
            slots[feed.id.index] = tensor
            if observing.contains(feed.id) { try observe(feed.id, tensor) }
        }
        for step in steps {
            do throws(CNNOptError) {
                var arguments: [TensorData?] = []
                for input in step.inputs {
                    guard let input else {
                        arguments.append(nil)
                        continue
                    }
                    guard let tensor = slots[input] else {
                        let name = names[ValueID(index: input)] ?? ""
                        throw CNNOptError(
                            .invalidModel,
                            "'\(name)' has no value",
                            remedy: "feed it with --input \(name)=…"
                        )
                    }
                    arguments.append(tensor)
                }
                let results = try step.kernel.run(arguments, threads: threads)
                arguments = []
                for (port, output) in step.outputs.enumerated() {
                    guard let output else { continue }
                    guard results.indices.contains(port) else {
                        throw CNNOptError(.unsupported, "output \(port) is not computed by this build")
                    }
                    slots[output] = results[port]
                    let id = ValueID(index: output)
                    if observing.contains(id) { try observe(id, results[port]) }
                }
                for slot in step.released { slots[slot] = nil }
            } catch {
                throw error.atNode(step.name, operatorName: step.operatorName)
            }
        }
        var results: [TensorData] = []
        for output in outputs {
            guard let tensor = slots[output.id.index] else {
                throw CNNOptError(.invalidModel, "output '\(output.name)' has no value", remedy: "feed it with --input")
            }
            results.append(tensor)
        }
        return results
    }

    private func check(_ tensor: TensorData, _ feed: Feed) throws(CNNOptError) {
        if let wanted = feed.type.elementType, wanted != tensor.elementType {
            throw CNNOptError(
                .usage,
                "input '\(feed.name)' is \(wanted.onnxName), but the tensor given is \(tensor.elementType.onnxName)"
            )
        }
        guard let shape = feed.type.shape else { return }
        let fits =
            shape.count == tensor.shape.count && zip(shape, tensor.shape).allSatisfy { $0.size == nil || $0.size == $1 }
        guard fits else {
            throw CNNOptError(
                .usage,
                "input '\(feed.name)' is \(feed.type), but the tensor given has shape \(tensor.shape)"
            )
        }
    }
}
