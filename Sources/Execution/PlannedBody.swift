import GraphIR
import Operators
import Tensors

extension GraphFacts {
    /// What runs a node: takes the values of `Graph.arguments(of:)` and gives the outputs. Graphs inside the node and functions
    /// are planned here, once, however often they will run.
    /// - Throws: `unsupported` naming an operator that this build does not know or does not cover.
    package func kernel(_ id: NodeID, _ graph: Graph) throws(CNNOptError) -> any Kernel {
        var site = site(id, graph)
        do throws(CNNOptError) {
            if let call = call(id) { return try CallKernel(call, outputCount: site.node.outputs.count) }
            guard let definition = definition(id, graph) else {
                throw failure(id) ?? unknownOperator(site)
            }
            if !site.node.subgraphs.isEmpty {
                if site.bodies.isEmpty, let failure = failure(id) { throw failure }
                let captured = graph.captures(of: id).map { graph[$0].name }
                for (name, body) in site.bodies { site.bodies[name]?.runner = PlannedBody(body, captured) }
            }
            return try definition.reference(site)
        } catch {
            throw error.atNode(site.name, operatorName: site.node.operatorName.description)
        }
    }

    private func unknownOperator(_ site: OperatorSite) -> CNNOptError {
        CNNOptError(
            .unsupported,
            "this build cannot execute operator \(site.node.operatorName)",
            remedy: "reading, summary and --passes none still work; `cnnopt operators` lists what is known"
        )
    }
}

/// A graph inside a node, planned.
struct PlannedBody: BodyRunner {
    /// A graph that cannot be planned may never run: the error waits until it does.
    private let plan: Result<ExecutionPlan, CNNOptError>
    /// For each value that the graph uses by name, its place among all those of the node.
    private let captured: [(slot: Int, argument: Int)]

    /// - Parameter names: the values that the node's graphs use by name, in order.
    init(_ body: NodeBody, _ names: [String]) {
        do throws(CNNOptError) {
            plan = .success(try ExecutionPlan(body.graph, body.facts))
        } catch {
            plan = .failure(error)
        }
        captured = names.enumerated().compactMap { argument, name in
            guard let id = body.graph.value(named: name), body.graph.isOuter(id) else { return nil }
            return (id.index, argument)
        }
    }

    func run(
        _ inputs: [TensorData?],
        captured arguments: [TensorData?],
        threads: Int,
        budget: inout RunBudget
    ) throws(CNNOptError) -> [TensorData] {
        let plan = try plan.get()
        return try plan.run(inputs, threads: threads, budget: &budget) { slots in
            for (slot, argument) in captured where arguments.indices.contains(argument) {
                slots[slot] = arguments[argument]
            }
        }
    }
}

/// A call of a function that the model defines: its body, planned for this call.
private struct CallKernel: Kernel {
    private let plan: ExecutionPlan

    init(_ call: NodeBody, outputCount: Int) throws(CNNOptError) {
        plan = try ExecutionPlan(call.graph, call.facts, targets: Array(call.graph.outputs.prefix(outputCount)))
    }

    func run(_ inputs: [TensorData?], threads: Int) throws(CNNOptError) -> [TensorData] {
        var budget = RunBudget()
        return try run(inputs, threads: threads, budget: &budget)
    }

    func run(
        _ inputs: [TensorData?],
        threads: Int,
        budget: inout RunBudget
    ) throws(CNNOptError) -> [TensorData] {
        try plan.run(inputs, threads: threads, budget: &budget)
    }
}
