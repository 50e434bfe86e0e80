import GraphIR
import Passes
import TestSupport
import Tensors
import Testing

/// Where, Expand and Tile where broadcasting or a stored condition does the same; outputs that nobody reads.
@Suite struct BroadcastCleanupTests {
    private func expanded(_ type: String, _ argument: [Int], with other: [Int?], _ node: String = "Mul") throws
        -> [String]
    {
        var builder = ModelBuilder()
        try builder.input("x", [nil, 1, 4])
        try builder.input("z", other)
        try builder.constant("argument", .integers(argument))
        try builder.node(type, ["x", "argument"], ["e"])
        try builder.node(node, ["e", "z"], ["y"])
        try builder.output("y")
        return try simplified(builder.model).model.graph.operatorTypes
    }

    @Test func broadcastingRepeatsByItself() throws {
        #expect(try expanded("Expand", [1, 3, 1], with: [nil, 3, 4]) == ["Mul"])
        #expect(try expanded("Expand", [1, 3, 4], with: [3, 1], "Less") == ["Less"])
        #expect(try expanded("Tile", [1, 3, 1], with: [3, 4], "Max") == ["Max"])
    }

    @Test func whatBroadcastingDoesNotDoStays() throws {
        #expect(try expanded("Expand", [1, 3, 4], with: [4]) == ["Expand", "Mul"])
        #expect(try expanded("Expand", [2, 1, 3, 4], with: [3, 4]) == ["Expand", "Mul"])
        #expect(try expanded("Tile", [1, 3, 2], with: [3, 8]) == ["Tile", "Mul"])
        // The slope of a PRelu has to fit its data, not the other way round.
        #expect(try expanded("Expand", [1, 3, 4], with: [3, 1], "PRelu") == ["Expand", "PRelu"])
    }

    @Test func othersMayReadTheExpandedTensor() throws {
        var builder = ModelBuilder()
        try builder.input("x", [nil, 1, 4])
        try builder.input("z", [3, 4])
        try builder.constant("shape", .integers([1, 3, 4]))
        try builder.node("Expand", ["x", "shape"], ["e"])
        try builder.node("Mul", ["e", "z"], ["y"])
        try builder.output("e")
        try builder.output("y")
        #expect(try simplified(builder.model).model.graph.operatorTypes == ["Expand", "Mul"])
    }

    @Test(arguments: [true, false])
    func aStoredConditionPicks(_ condition: Bool) throws {
        for (isMixed, count) in [(false, 2), (true, 3)] {
            var builder = ModelBuilder()
            try builder.input("x", [nil, 4])
            let flags = (0..<4).map { Double((isMixed && $0 == 2 ? !condition : condition) ? 1 : 0) }
            try builder.constant("flags", TensorData(doubles: flags, as: .bool, shape: [4]))
            try builder.node("Tanh", ["x"], ["a"])
            try builder.node("Exp", ["x"], ["b"])
            try builder.node("Where", ["flags", "a", "b"], ["w"])
            try builder.node("Neg", ["w"], ["y"])
            try builder.output("y")
            let types = try simplified(builder.model).model.graph.operatorTypes
            #expect(types == (count == 2 ? [condition ? "Tanh" : "Exp", "Neg"] : ["Tanh", "Exp", "Where", "Neg"]))
        }
    }

    @Test func anAnswerThatIsRepeatedStays() throws {
        var builder = ModelBuilder()
        try builder.input("x", [1])
        try builder.input("z", [5])
        try builder.constant("flags", TensorData(doubles: [1], as: .bool, shape: [1]))
        try builder.node("Where", ["flags", "x", "z"], ["w"])
        try builder.node("Neg", ["w"], ["y"])
        try builder.output("y")
        #expect(try simplified(builder.model).model.graph.operatorTypes == ["Where", "Neg"])
    }

    @Test func outputsThatNobodyReadsAreLeftOut() throws {
        for isRead in [false, true] {
            var builder = ModelBuilder()
            try builder.input("x", [nil, 2, 4, 4])
            try builder.node("MaxPool", ["x"], ["p", "indices"], [Attribute("kernel_shape", [2, 2])])
            try builder.node("Relu", ["p"], ["y"])
            try builder.output("y")
            if isRead { try builder.output("indices") }
            let (model, report) = try simplified(builder.model)
            let outputs = Array(model.graph.nodeIDs).first.map { model.graph[$0].outputs.count }
            #expect(outputs == (isRead ? 2 : 1))
            #expect(report.notes.contains("unused outputs dropped: 1") == !isRead)
        }
    }

    @Test func outputsThatChooseTheModeStay() throws {
        var builder = ModelBuilder(opset: 9)
        try builder.input("x", [2, 3, 4, 4])
        let names = try ["s", "b", "m", "v"].map { try builder.constant($0, .random([3], seed: 3, in: 0.5...1)) }
        try builder.node("BatchNormalization", ["x"] + names, ["p", "m2", "v2", "sm", "sv"])
        try builder.node("Relu", ["p"], ["y"])
        try builder.output("y")
        var model = builder.model
        _ = try SimplifyPass().run(&model, PassContext())
        #expect(Array(model.graph.nodeIDs).first.map { model.graph[$0].outputs.count } == 5)
    }
}
