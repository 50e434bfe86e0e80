import GraphIR
import Tensors

/// One of two graphs, as a truth value says. Both use values of the graph around them by name.
enum If: ConditionalOperator {
    static let schema = OperatorSchema(
        "If",
        versions: [1, 11, 13, 16, 19, 21, 23, 24, 25],
        inputs: 1...1,
        outputs: 1...Int.max
    )

    private static func attribute(_ condition: Bool) -> String { condition ? "then_branch" : "else_branch" }

    static func bodySignature(_ site: OperatorSite, of attribute: String) throws(CNNOptError) -> BodySignature? {
        attribute == Self.attribute(true) || attribute == Self.attribute(false) ? BodySignature(inputs: []) : nil
    }

    /// The branches that may run: one where the condition is known.
    private static func branches(_ site: OperatorSite) throws(CNNOptError) -> [NodeBody] {
        var branches: [NodeBody] = []
        for condition in [true, false] {
            let body = try site.body(attribute(condition))
            guard body.graph.outputs.count >= site.node.outputs.count else {
                throw site.failure(
                    .invalidModel,
                    "'\(attribute(condition))' has \(body.graph.outputs.count) of \(site.node.outputs.count) outputs"
                )
            }
            branches.append(body)
        }
        guard let known = site.integers(0)?.first else { return branches }
        return [branches[known != 0 ? 0 : 1]]
    }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        let branches = try branches(site)
        return site.node.outputs.indices.map { port in
            let types = branches.map { $0.outputTypes[port] }
            return types.dropFirst().reduce(types[0]) { $0.joined($1) }
        }
    }

    static func inferElements(_ site: OperatorSite) throws(CNNOptError) -> [ShapeElements?] {
        let branches = try branches(site)
        guard branches.count == 1 else { return [] }
        return site.node.outputs.indices.map { branches[0].outputElements($0) }
    }

    static func takenBranch(_ site: OperatorSite) throws(CNNOptError) -> Graph? {
        guard let condition = site.integers(0), condition.count == 1,
            case .graph(let branch)? = site.node.attribute(attribute(condition[0] != 0))?.value
        else { return nil }
        return branch
    }

    /// The dearer branch where both may run.
    static func cost(_ site: OperatorSite) throws(CNNOptError) -> Cost? {
        var most = 0
        for branch in try branches(site) {
            guard let macs = branch.cost.macs else { return nil }
            most = max(most, macs)
        }
        return Cost(macs: most)
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        _ = try branches(site)
        let (first, second) = (try site.runner(attribute(true)), try site.runner(attribute(false)))
        let inputCount = site.node.inputs.count
        return BodyKernel { (arguments, threads, budget) throws(CNNOptError) in
            let condition = try arguments.required(0).truthValue("the condition")
            return try (condition ? first : second).run(
                [],
                captured: Array(arguments.dropFirst(inputCount)),
                threads: threads,
                budget: &budget
            )
        }
    }
}
