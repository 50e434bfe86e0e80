import GraphIR
import Operators
import TestSupport
import Tensors
import Testing

/// Which channels of elementwise operators and reductions move together.
@Suite struct MathCouplingTests {
    typealias Axis = ChannelCoupling.Axis
    typealias Link = ChannelCoupling.Link

    private func coupling(_ type: String, _ shapes: [[Int]], _ attributes: [Attribute] = [], opset: Int = 17) throws
        -> ChannelCoupling
    {
        let site = try site(type, shapes, attributes, opset: opset)
        return try definition(site).coupling(site)
    }

    @Test func aSqueezedGateTiesChannelsButNotPositions() throws {
        let links = try coupling("Mul", [[1, 8, 5, 7], [1, 8, 1, 1]]).links
        #expect(links.contains(Link(Axis(.input(0), 1), Axis(.output(0), 1), count: 8)))
        #expect(links.contains(Link(Axis(.input(1), 1), Axis(.output(0), 1), count: 8)))
        #expect(!links.contains { $0.from == Axis(.input(1), 2) })
    }

    @Test func legacyAxesShiftTheTie() throws {
        let attributes = [Attribute("broadcast", 1), Attribute("axis", 1)]
        let links = try coupling("Add", [[1, 8, 5, 7], [8]], attributes, opset: 6).links
        #expect(links.contains(Link(Axis(.input(1), 0), Axis(.output(0), 1), count: 8)))
        let slope = try coupling("PRelu", [[1, 8, 5, 7], [8]], opset: 6).links
        #expect(slope.contains(Link(Axis(.input(1), 0), Axis(.output(0), 1), count: 8)))
    }

    @Test(arguments: [(0, 2), (1, 3)])
    func reductionsShiftTheAxesBehindThem(_ keeps: Int, _ target: Int) throws {
        let result = try coupling(
            "ReduceMean",
            [[1, 8, 5, 7]],
            [Attribute("axes", [2]), Attribute("keepdims", keeps)]
        )
        #expect(result.links.contains(Link(Axis(.input(0), 1), Axis(.output(0), 1), count: 8)))
        #expect(result.links.contains(Link(Axis(.input(0), 3), Axis(.output(0), target), count: 7)))
        #expect(result.free.isEmpty)
    }

    /// Channels of value 0 leave a sum as it is, but not a mean.
    @Test func sumsOverChannelsLetThemGo() throws {
        let axes = [Attribute("axes", [1])]
        #expect(try coupling("ReduceL2", [[1, 8, 5, 7]], axes).free == [Axis(.input(0), 1)])
        #expect(try coupling("ReduceMean", [[1, 8, 5, 7]], axes).free.isEmpty)
        #expect(try !coupling("ReduceMax", [[1, 8, 5, 7]], axes).links.contains { $0.from.axis == 1 })
    }

    @Test func placesAlongAnAxisPinIt() throws {
        #expect(try coupling("ArgMax", [[1, 8, 5, 7]], [Attribute("axis", 1)]).links.map(\.from.axis) == [0, 2, 3])
        let flat = try coupling("ArgMin", [[1, 8, 5, 7]], [Attribute("axis", 0), Attribute("keepdims", 0)])
        #expect(flat.links.map(\.to.axis) == [0, 1, 2])
    }
}
