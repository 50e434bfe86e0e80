import GraphIR
import Tensors

/// A graph inside a node (a branch of If, the body of Loop), or the function that a node calls, with what is known about it.
package struct NodeBody: Sendable {
    package let graph: Graph
    package let facts: GraphFacts
    /// The cost of one run.
    package let cost: ExpandedCost
    /// Runs the graph; there while kernels are made by a back end.
    package var runner: (any BodyRunner)?

    package init(graph: Graph, facts: GraphFacts) {
        self.graph = graph
        self.facts = facts
        cost = (try? facts.cost(graph)) ?? ExpandedCost(macs: nil)
    }

    /// What holds for each input whenever the graph runs.
    package var inputTypes: [TensorType] { graph.feeds.map(facts.type) }
    package var outputTypes: [TensorType] { graph.outputs.map(facts.type) }

    /// The elements of an output as far as shape arithmetic knows them.
    package func outputElements(_ port: Int) -> ShapeElements? {
        graph.outputs.indices.contains(port) ? facts.shapeElements(graph.outputs[port]) : nil
    }
}

/// Runs the graph of a ``NodeBody``.
package protocol BodyRunner: Sendable {
    /// - Parameters:
    ///   - inputs: the graph's inputs in order.
    ///   - captured: the values that all graphs of the node use by name, in the order of `Graph.captures(of:)`.
    /// - Returns: the graph's outputs in order.
    func run(
        _ inputs: [TensorData?],
        captured: [TensorData?],
        threads: Int,
        budget: inout RunBudget
    ) throws(CNNOptError) -> [TensorData]
}

/// How a node feeds one of the graphs inside it.
package struct BodySignature: Sendable {
    /// What is known of each input the first time that the graph runs.
    package var inputs: [OperatorSite.Input]
    /// The outputs that become inputs of the next run, with the input's index.
    package var feedback: [Int: Int]

    package init(inputs: [OperatorSite.Input], feedback: [Int: Int] = [:]) {
        self.inputs = inputs
        self.feedback = feedback
    }
}

/// What one run of a model may spend on loops: without it a file could keep the process busy for ever.
package struct RunBudget: Sendable {
    /// Trips through the bodies of all Loop and Scan nodes together in one run.
    package static let trips = 100_000
    /// Bytes that what one loop carries and collects may take together. Growing it needs as much again for a moment, and so
    /// does making tensors of it.
    package static let heldBytes = MemoryBudget.largestAllocation / 8

    private var left = trips

    package init() {}

    package mutating func takeTrip() throws(CNNOptError) {
        guard left > 0 else {
            throw CNNOptError(
                .unsupported,
                "loops took \(Self.trips) trips in one run without an end",
                remedy: "check the loop's condition and trip count"
            )
        }
        left -= 1
    }

    /// Checks what a loop holds after a trip.
    func checkHeld(_ carried: [TensorData], _ collected: [TensorStack]) throws(CNNOptError) {
        let bytes = carried.reduce(0) { $0 + $1.byteCount } + collected.reduce(0) { $0 + $1.byteCount }
        guard bytes <= Self.heldBytes else {
            throw CNNOptError(
                .unsupported,
                "what a loop carries and collects takes more than \(Self.heldBytes) bytes",
                remedy: "let it run fewer trips"
            )
        }
    }
}

/// The kernel of a node with graphs inside: its arguments are the node's inputs and then the captured values.
package struct BodyKernel: Kernel {
    private let body: @Sendable ([TensorData?], Int, inout RunBudget) throws(CNNOptError) -> [TensorData]

    package init(
        _ body:
            @escaping @Sendable (
                _ arguments: [TensorData?], _ threads: Int, _ budget: inout RunBudget
            ) throws(CNNOptError) -> [TensorData]
    ) {
        self.body = body
    }

    package func run(_ inputs: [TensorData?], threads: Int) throws(CNNOptError) -> [TensorData] {
        var budget = RunBudget()
        return try body(inputs, threads, &budget)
    }

    package func run(
        _ inputs: [TensorData?],
        threads: Int,
        budget: inout RunBudget
    ) throws(CNNOptError) -> [TensorData] {
        try body(inputs, threads, &budget)
    }
}

extension TensorType {
    /// What holds for tensors of either type.
    package func joined(_ other: TensorType) -> TensorType {
        let types = [elementType, other.elementType].compactMap { $0 }
        var result = TensorType(Set(types).count == 1 ? types.first : nil, nil)
        if let mine = shape, let theirs = other.shape, mine.count == theirs.count {
            result.shape = zip(mine, theirs).map { $0 == $1 ? $0 : .unknown }
        }
        return result
    }
}

extension OperatorSite {
    /// The graph of an attribute.
    /// - Throws: `invalidModel` where it is missing.
    package func body(_ attribute: String) throws(CNNOptError) -> NodeBody {
        guard let body = bodies[attribute] else {
            throw failure(.invalidModel, "attribute '\(attribute)' holds no graph that can be understood")
        }
        return body
    }

    /// What runs the graph of an attribute.
    package func runner(_ attribute: String) throws(CNNOptError) -> any BodyRunner {
        guard let runner = try body(attribute).runner else {
            throw failure(.unsupported, "graphs inside nodes are run by a plan alone")
        }
        return runner
    }
}
