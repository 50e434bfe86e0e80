import GraphIR
import Operators
import Tensors

/// Multiply-accumulates of one run as a function of how many indices are left on every axis.
struct MACModel {
    private struct Load {
        let definition: any Operator.Type
        let site: OperatorSite
        let inputs: [ValueID?]
        let outputs: [ValueID?]
    }

    private var loads: [Load] = []
    private var costs: [Int] = []
    private var loadsByValue: [ValueID: [Int]] = [:]
    /// The loads that each group's channels weigh on.
    private var loadsByGroup: [[Int]] = []
    /// Indices that are gone, by value and axis.
    private var gone: [ValueID: [Int: Int]] = [:]
    private let groups: [PruningGroup]

    /// All multiply-accumulates at the beginning and now.
    let total: Int
    private(set) var current: Int

    /// - Parameter facts: with all dimensions that matter known.
    init(_ graph: Graph, _ facts: GraphFacts, _ groups: [PruningGroup]) throws(CNNOptError) {
        self.groups = groups
        var fixed: [Int] = []
        for id in try graph.topologicalOrder() {
            guard let definition = facts.definition(id, graph) else {
                // What a function of the model computes stays.
                if let macs = try facts.cost(id, graph).macs { fixed.append(macs) }
                continue
            }
            let site = facts.site(id, graph)
            guard let cost = try definition.cost(site), cost.macs > 0 else { continue }
            let node = graph[id]
            for value in Set((node.inputs + node.outputs).compactMap { $0 }) {
                loadsByValue[value, default: []].append(loads.count)
            }
            loads.append(Load(definition: definition, site: site, inputs: node.inputs, outputs: node.outputs))
            costs.append(cost.macs)
        }
        var sum = 0
        for cost in costs + fixed {
            let (next, overflow) = sum.addingReportingOverflow(cost)
            guard !overflow else { throw CNNOptError(.unsupported, "more multiply-accumulates than 64 bits count") }
            sum = next
        }
        total = sum
        current = sum
        for group in groups {
            loadsByGroup.append(Set(group.axes.flatMap { loadsByValue[$0.value] ?? [] }).sorted())
        }
    }

    /// The fraction of the multiply-accumulates that is gone.
    var reduction: Double { total == 0 ? 0 : 1 - Double(current) / Double(total) }

    /// The multiply-accumulates that go with some channels of one group.
    mutating func saving(_ group: Int, _ channels: [Int]) throws(CNNOptError) -> Int {
        let before = current
        let (oldGone, oldCosts) = (gone, loadsByGroup[group].map { costs[$0] })
        try remove(group, channels)
        let saved = before - current
        gone = oldGone
        for (place, load) in loadsByGroup[group].enumerated() { costs[load] = oldCosts[place] }
        current = before
        return saved
    }

    mutating func remove(_ group: Int, _ channels: [Int]) throws(CNNOptError) { try change(group, channels, by: 1) }

    mutating func restore(_ group: Int, _ channels: [Int]) throws(CNNOptError) { try change(group, channels, by: -1) }

    private mutating func change(_ group: Int, _ channels: [Int], by sign: Int) throws(CNNOptError) {
        for (place, key) in groups[group].axes.enumerated() {
            let count = channels.reduce(0) { $0 + groups[group].channels[$1].indices[place].count }
            gone[key.value, default: [:]][key.axis, default: 0] += sign * count
        }
        for load in loadsByGroup[group] {
            let cost = try cost(loads[load])
            current += cost - costs[load]
            costs[load] = cost
        }
    }

    private func cost(_ load: Load) throws(CNNOptError) -> Int {
        func narrowed(_ type: TensorType, _ value: ValueID?) -> TensorType {
            guard let value, let gone = gone[value], var shape = type.shape else { return type }
            for (axis, count) in gone {
                if let size = shape[axis].size { shape[axis] = .known(size - count) }
            }
            return TensorType(type.elementType, shape)
        }
        let site = load.site
        let inputs = site.inputs.enumerated().map { port, input -> OperatorSite.Input? in
            guard var input else { return nil }
            input.type = narrowed(input.type, load.inputs[port])
            return input
        }
        let outputs = site.outputTypes.enumerated().map { port, type in type.map { narrowed($0, load.outputs[port]) } }
        var changed = OperatorSite(
            node: site.node,
            name: site.name,
            opset: site.opset,
            inputs: inputs,
            outputTypes: outputs
        )
        changed.bodies = site.bodies
        return try load.definition.cost(changed)?.macs ?? 0
    }

    /// The groups whose savings change when channels of a group go.
    func neighbours(of group: Int) -> [Int] {
        let mine = Set(loadsByGroup[group])
        return groups.indices.filter { !mine.isDisjoint(with: loadsByGroup[$0]) }
    }
}
