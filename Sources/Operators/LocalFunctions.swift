import GraphIR
import Tensors

/// The functions that a model defines, found by the nodes that call them.
///
/// A call is replaced by the function's body wherever the model is understood or run. Chains of functions can so stand for
/// more nodes than any machine holds; ``init(_:)`` counts them before anything is expanded.
package struct LocalFunctions: Sendable {
    /// The most nodes that a model may have with all calls expanded.
    package static let largestExpansion = 250_000
    /// The most levels of graphs in graphs, calls counted.
    package static let deepestNesting = 100

    private struct Key: Hashable {
        let name: OperatorName
        let overload: String

        init(_ node: Node) {
            name = node.operatorName
            overload = node.overload ?? ""
        }

        init(_ function: Function) {
            name = OperatorName(function.name ?? "", domain: function.domain ?? "")
            overload = function.overload ?? ""
        }
    }

    private let functions: [Function]
    private let indices: [Key: Int]

    /// - Throws: `invalidModel` where two functions have one name or one calls itself, directly or through others;
    ///   `unsupported` where the calls stand for too many nodes or nest too deep.
    package init(_ model: Model) throws(CNNOptError) {
        functions = model.functions
        var indices: [Key: Int] = [:]
        for (index, function) in functions.enumerated() {
            guard indices.updateValue(index, forKey: Key(function)) == nil else {
                throw Self.failure(function, .invalidModel, "the model defines this function twice")
            }
        }
        self.indices = indices
        guard !functions.isEmpty else { return }
        try checkExpansion(model.graph)
    }

    /// The function that a node calls; nil where it is an operator. A function of the model comes before an operator of the
    /// same name.
    package subscript(_ node: Node) -> Function? {
        guard !indices.isEmpty else { return nil }
        return indices[Key(node)].map { functions[$0] }
    }

    private static func failure(
        _ function: Function,
        _ code: CNNOptError.Code,
        _ message: String,
        remedy: String = "the file is damaged; export it again"
    ) -> CNNOptError {
        CNNOptError(code, message, remedy: remedy).atNode(
            Key(function).name.description,
            operatorName: "function"
        )
    }

    // MARK: Size and depth

    /// What a graph holds, with its subgraphs: nodes, and the calls with the number of graphs around each.
    private struct Contents {
        var nodeCount = 0
        var depth = 0
        var calls: [(function: Int, level: Int)] = []
    }

    private func contents(_ graph: Graph) -> Contents {
        var result = Contents()
        var open = [(graph, 0)]
        while let (graph, level) = open.popLast() {
            result.depth = max(result.depth, level)
            result.nodeCount += graph.nodeCount
            for id in graph.nodeIDs {
                let node = graph[id]
                if let index = indices[Key(node)] { result.calls.append((index, level)) }
                for inner in node.subgraphs { open.append((inner, level + 1)) }
            }
        }
        return result
    }

    private func checkExpansion(_ graph: Graph) throws(CNNOptError) {
        let all = functions.map { contents($0.body) }
        var nodeCounts = [Int](repeating: 0, count: all.count)
        var depths = [Int](repeating: 0, count: all.count)
        func measured(_ contents: Contents) -> (nodes: Int, depth: Int) {
            var (nodes, depth) = (contents.nodeCount, contents.depth)
            for call in contents.calls {
                nodes = min(nodes + nodeCounts[call.function], Self.largestExpansion + 1)
                depth = max(depth, call.level + 1 + depths[call.function])
            }
            return (nodes, depth)
        }
        for index in try calleesFirst(all) { (nodeCounts[index], depths[index]) = measured(all[index]) }
        let total = measured(contents(graph))
        guard total.nodes <= Self.largestExpansion else {
            throw CNNOptError(
                .unsupported,
                "the model has more than \(Self.largestExpansion) nodes with its functions expanded",
                remedy: "export it without functions that call each other many times over"
            )
        }
        guard total.depth <= Self.deepestNesting else {
            throw CNNOptError(
                .unsupported,
                "functions and graphs inside nodes nest \(total.depth) deep, but at most \(Self.deepestNesting) are allowed",
                remedy: "export it with its functions inlined"
            )
        }
    }

    /// The functions such that each comes after those it calls.
    private func calleesFirst(_ all: [Contents]) throws(CNNOptError) -> [Int] {
        enum State { case new, open, done }
        var states = [State](repeating: .new, count: all.count)
        var order: [Int] = []
        for start in all.indices where states[start] == .new {
            var path = [(function: start, next: 0)]
            states[start] = .open
            while let (function, next) = path.last {
                guard next < all[function].calls.count else {
                    states[function] = .done
                    order.append(function)
                    path.removeLast()
                    continue
                }
                path[path.count - 1].next += 1
                let callee = all[function].calls[next].function
                switch states[callee] {
                case .done: break
                case .new:
                    states[callee] = .open
                    path.append((callee, 0))
                case .open:
                    throw Self.failure(functions[callee], .invalidModel, "the function calls itself")
                }
            }
        }
        return order
    }
}
