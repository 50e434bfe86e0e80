import Execution
import GraphIR
import ONNXFormat
import Operators
import Passes
import TestSupport
import Tensors
import Testing

/// A seeded choice of channels, about `share` of each group, that leaves two thirds of every axis.
func someChannels(_ groups: ChannelGroups, _ facts: GraphFacts, share: Double, seed: UInt64) -> ChannelRemoval {
    var generator = SeededGenerator(seed: seed)
    var removal = ChannelRemoval(groups.groups)
    var gone: [ValueAxis: Int] = [:]
    for (number, group) in groups.groups.enumerated() {
        for (channel, indices) in group.channels.enumerated() where generator.uniform() < share {
            let fits = group.axes.enumerated().allSatisfy { place, axis in
                let size = facts.type(axis.value).shape?[axis.axis].size ?? 0
                return gone[axis, default: 0] + indices.indices[place].count <= size * 2 / 3
            }
            guard fits else { continue }
            for (place, axis) in group.axes.enumerated() { gone[axis, default: 0] += indices.indices[place].count }
            removal.remove(group: number, channel: channel)
        }
    }
    return removal
}

/// The model with the weights zeroed that read the removed channels.
func zeroingReaders(_ model: Model, _ facts: GraphFacts, _ groups: ChannelGroups, _ removal: ChannelRemoval) throws
    -> Model
{
    let dropped = removal.dropped
    var result = model
    var patch = Patch(model.graph, author: "test")
    for layer in groups.layers {
        guard let indices = dropped[layer.weightInput], var tensor = facts.constant(layer.weight, model.graph) else {
            continue
        }
        let axis = layer.form.weightInputAxis
        let inner = tensor.shape[(axis + 1)...].reduce(1, *)
        let size = tensor.shape[axis]
        try tensor.withMutableElements(Float.self) { (values) throws(CNNOptError) in
            for i in values.indices where indices.contains(i / inner % size) { values[i] = 0 }
        }
        patch.setConstant(layer.weight, tensor)
    }
    if !patch.isEmpty { try result.graph.apply(patch) }
    return result
}

/// Runs both on the same seeded inputs and returns the largest difference over the largest output.
func largestDifference(_ a: Model, _ b: Model, seed: UInt64) throws -> Double {
    var generator = SeededGenerator(seed: seed)
    let plans = (try ExecutionPlan(a), try ExecutionPlan(b))
    var inputs: [String: TensorData] = [:]
    for feed in plans.0.feeds {
        let shape = (feed.type.shape ?? []).enumerated().map { $1.size ?? ($0 == 0 ? 1 : 64) }
        let count = shape.reduce(1, *)
        let values = (0..<count).map { _ in generator.uniform() * 2 - 1 }
        inputs[feed.name] = try TensorData(doubles: values, as: feed.type.elementType ?? .float32, shape: shape)
    }
    func run(_ plan: ExecutionPlan) throws -> [TensorData] {
        var feeds: [ValueID: TensorData] = [:]
        for feed in plan.feeds { feeds[feed.id] = inputs[feed.name] }
        return try plan.run(feeds, threads: 2)
    }
    var (difference, scale) = (0.0, 1e-30)
    for (x, y) in zip(try run(plans.0), try run(plans.1)) {
        try #require(x.shape == y.shape)
        for (p, q) in zip(try x.doubles(), try y.doubles()) {
            try #require(p.isFinite && q.isFinite)
            difference = max(difference, abs(p - q))
            scale = max(scale, abs(p))
        }
    }
    return difference / scale
}

@Suite struct CouplingLawTests {
    @Test(arguments: CoupledNetwork.allCases)
    func candidatesAreFound(_ network: CoupledNetwork) throws {
        let model = try network.model()
        let groups = try ChannelGroups(model, GraphFacts(model))
        #expect(groups.groups.reduce(0) { $0 + $1.channels.count } == network.candidates)
    }

    @Test(arguments: CoupledNetwork.allCases, [0.3, 0.7])
    func removingIsZeroingWhereItIsRead(_ network: CoupledNetwork, _ share: Double) throws {
        let model = try network.model()
        let facts = try GraphFacts(model)
        let groups = try ChannelGroups(model, facts)
        let removal = someChannels(groups, facts, share: share, seed: 3)
        try #require(!removal.isEmpty)
        let zeroed = try zeroingReaders(model, facts, groups, removal)
        var removed = model
        try removal.apply(to: &removed, facts)
        #expect(try largestDifference(zeroed, removed, seed: 5) <= 1e-5)
        #expect(try largestDifference(model, removed, seed: 5) > 1e-4)
    }

    @Test func everyEdgeOfTheNetworkIsPinned() throws {
        let model = try CoupledNetwork.chain.model()
        let groups = try ChannelGroups(model, GraphFacts(model))
        let last = try #require(groups.layers.last)
        #expect(groups.reason(last)?.contains("graph output") == true)
        let touched = Set(groups.groups.flatMap(\.axes).map(\.value))
        #expect(model.graph.feeds.allSatisfy { !touched.contains($0) })
    }

    @Test func unknownOperatorsKeepTheirChannels() throws {
        var b = NetworkBuilder()
        let x = try b.input("x", [2, 3, 6, 6])
        let y = try b.one("Mystery", [b.conv(x, 3, 8)])
        let model = try b.model(output: b.conv(y, 8, 4))
        let groups = try ChannelGroups(model, GraphFacts(model))
        #expect(groups.groups.isEmpty)
        #expect(groups.reason(try #require(groups.layers.first))?.contains("unknown") == true)
    }

    @Test func inputsThatTwinAWeightFollowIt() throws {
        var model = try CoupledNetwork.declaredTypes.model()
        let facts = try GraphFacts(model)
        let groups = try ChannelGroups(model, facts)
        var removal = ChannelRemoval(groups.groups)
        removal.remove(group: 0, channel: 2)
        try removal.apply(to: &model, facts)
        let weight = try #require(model.graph.value(named: "w1"))
        #expect(model.graph[weight].type?.tensor?.sizes == [7, 3, 3, 3])
        #expect(model.graph.inputs.contains(weight))
        let inner = try #require(model.graph.value(named: "relu4_0"))
        #expect(model.graph[inner].type?.tensor?.sizes == [2, 7, 6, 6])
    }
}

@Suite struct SharedModelCouplingTests {
    @Test(
        .enabled(if: SharedMaterial.isPresent, "needs ../shared"),
        arguments: SharedMaterial.modelNames.filter { !$0.contains("int8") }
    )
    func removingIsZeroingWhereItIsRead(_ name: String) throws {
        let path = try #require(SharedMaterial.path("models/\(name)"))
        var model = try ONNXReader.read(path: path)
        _ = try SimplifyPass(PassArguments()).run(&model, PassContext())
        let facts = try GraphFacts(model)
        let groups = try ChannelGroups(model, facts)
        let removal = someChannels(groups, facts, share: 0.4, seed: 3)
        try #require(!removal.isEmpty)
        let zeroed = try zeroingReaders(model, facts, groups, removal)
        var removed = model
        try removal.apply(to: &removed, facts)
        #expect(try largestDifference(zeroed, removed, seed: 5) <= 1e-5)
    }
}
