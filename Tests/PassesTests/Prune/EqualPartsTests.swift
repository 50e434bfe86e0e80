import GraphIR
import Operators
import Passes
import TestSupport
import Tensors
import Testing

/// A Split into equal parts has to name its sizes once the parts are no longer equal.
@Suite struct EqualPartsTests {
    @Test(arguments: [11, 13, 18]) func partsThatLoseDifferentNumbersOfChannels(_ opset: Int) throws {
        var b = NetworkBuilder()
        let x = try b.input("x", [2, 3, 6, 6])
        let wide = try b.conv(x, 3, 8)
        let number = opset >= 18 ? [Attribute("num_outputs", 2)] : []
        let parts = try b.node("Split", [wide], outputs: 2, [Attribute("axis", 1)] + number)
        let left = try b.conv(b.relu(parts[0]), 4, 3)
        let right = try b.conv(b.relu(parts[1]), 4, 3)
        var model = try b.model(output: b.add(left, right), opset: opset)
        let facts = try GraphFacts(model)
        let groups = try ChannelGroups(model, facts)
        var removal = ChannelRemoval(groups.groups)
        let first = try #require(model.graph.value(named: parts[0]))
        for (number, group) in groups.groups.enumerated() {
            for (channel, indices) in group.channels.enumerated() {
                for (place, axis) in group.axes.enumerated() where axis == ValueAxis(first, 1) {
                    if indices.indices[place] == [1] { removal.remove(group: number, channel: channel) }
                }
            }
        }
        try #require(!removal.isEmpty)
        let zeroed = try zeroingReaders(model, facts, groups, removal)
        let after = try removal.apply(to: &model, facts)
        #expect(after.type(first).sizes == [2, 3, 6, 6])
        #expect(try largestDifference(zeroed, model, seed: 5) <= 1e-5)
        let split = try #require(Array(model.graph.nodeIDs).first { model.graph[$0].operatorType == "Split" })
        #expect(model.graph[split].attribute("num_outputs") == nil)
    }
}
