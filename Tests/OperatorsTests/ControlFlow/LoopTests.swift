import GraphIR
import Operators
import TestSupport
import Tensors
import Testing

@Suite struct LoopTests {
    /// `total`, `sums` = Loop(count, condition, initial): total += trip, and the totals of all trips.
    private func sums(
        opset: Int = 17,
        count: Int? = nil,
        condition: Bool? = nil,
        goesOn: (inout ModelBuilder) throws(CNNOptError) -> Void = { (body) throws(CNNOptError) in
            try body.node("Identity", ["go"], ["on"])
        },
        rank: Int = 0
    ) throws -> Model {
        let edge = [Int?](repeating: 1, count: rank)
        let body = try subgraph { (body) throws(CNNOptError) in
            try body.input("i", edge, .int64)
            try body.input("go", edge, .bool)
            try body.input("s", edge, .int64)
            try body.node("Add", ["s", "i"], ["t"])
            try body.node("Identity", ["t"], ["copy"])
            try goesOn(&body)
            for name in ["on", "t", "copy"] { try body.output(name) }
        }
        var builder = ModelBuilder(opset: opset)
        if let count { try builder.constant("m", TensorData([Int64(count)], shape: [])) }
        if let condition {
            try builder.constant(
                "c",
                TensorData.make(UInt8.self, as: .bool, shape: rank == 0 ? [] : [1]) { (flag) throws(CNNOptError) in
                    flag[0] = condition ? 1 : 0
                }
            )
        }
        try builder.constant("zero", TensorData([Int64(0)], shape: rank == 0 ? [] : [1]))
        try builder.node(
            "Loop",
            [count == nil ? "" : "m", condition == nil ? "" : "c", "zero"],
            ["total", "sums"],
            [Attribute("body", body)]
        )
        try builder.output("total")
        try builder.output("sums")
        return builder.model
    }

    /// The body goes on while the total is below a limit.
    private func below(_ limit: Int64) -> (inout ModelBuilder) throws(CNNOptError) -> Void {
        { (body) throws(CNNOptError) in
            try body.constant("limit", TensorData([limit], shape: []))
            try body.node("Less", ["t", "limit"], ["on"])
        }
    }

    @Test(arguments: [1, 11, 13, 16, 19, 21, 23, 24, 25])
    func runsAsOftenAsTheCountSays(_ opset: Int) throws {
        let results = try runModel(sums(opset: opset, count: 5, condition: true))
        #expect(results[0].integers() == [10])
        #expect(results[0].shape == [])
        #expect(results[1].integers() == [0, 1, 3, 6, 10])
        #expect(results[1].shape == [5])
    }

    struct End: Sendable {
        let count: Int?
        let condition: Bool?
        let limit: Int64
        let sums: [Int]
    }

    /// What ends the loop: the count, the condition given, or the one that the body computes after each trip.
    @Test(arguments: [
        End(count: nil, condition: nil, limit: 6, sums: [0, 1, 3, 6]),
        End(count: nil, condition: true, limit: 7, sums: [0, 1, 3, 6, 10]),
        End(count: nil, condition: false, limit: 7, sums: []),
        End(count: 3, condition: nil, limit: 100, sums: [0, 1, 3]),
        End(count: 30, condition: true, limit: 2, sums: [0, 1, 3]),
        End(count: 30, condition: false, limit: 2, sums: []),
        End(count: 0, condition: nil, limit: 100, sums: []),
        End(count: -1, condition: nil, limit: 100, sums: []),
        End(count: 1, condition: nil, limit: -1, sums: [0]),
    ])
    func endsWithCountOrCondition(_ item: End) throws {
        let results = try runModel(sums(count: item.count, condition: item.condition, goesOn: below(item.limit)))
        #expect(results[0].integers() == [item.sums.last ?? 0])
        #expect(results[1].integers() == item.sums)
        #expect(results[1].shape == [item.sums.count])
    }

    @Test func vectorsOfOneElementServeAsTripNumberAndCondition() throws {
        for condition in [true, nil] {
            let results = try runModel(sums(count: 3, condition: condition, rank: 1))
            #expect(results[0].integers() == [3])
            #expect(results[0].shape == [1])
            #expect(results[1].shape == [3, 1])
        }
    }

    @Test func carriedShapesMayChange() throws {
        let body = try subgraph { (body) throws(CNNOptError) in
            try body.input("i", [], .int64)
            try body.input("go", [], .bool)
            // What exporters write down here holds for the first trip alone.
            try body.input("list", [1], .int64)
            try body.constant("axes", .integers([0]))
            try body.node("Unsqueeze", ["i", "axes"], ["item"])
            try body.node("Concat", ["list", "item"], ["longer"], [Attribute("axis", 0)])
            for name in ["go", "longer"] { try body.output(name) }
        }
        var builder = ModelBuilder()
        try builder.input("m", [], .int64)
        try builder.constant("first", .integers([7]))
        try builder.node("Loop", ["m", "", "first"], ["list"], [Attribute("body", body)])
        try builder.node("Shape", ["list"], ["shape"])
        try builder.output("list")
        try builder.output("shape")
        let list = try #require(builder.model.graph.outputs.first)
        #expect(try GraphFacts(builder.model).type(list) == TensorType(.int64, [.unknown]))
        let results = try runModel(builder.model, ["m": TensorData([Int64(3)], shape: [])])
        #expect(results[0].integers() == [7, 0, 1, 2])
        #expect(results[1].integers() == [4])
    }

    @Test func carriedShapesThatStayAreKnownInside() throws {
        // Three trips of a product of 2·2·2 multiply-accumulates.
        let body = try subgraph { (body) throws(CNNOptError) in
            try body.input("i", [], .int64)
            try body.input("go", [], .bool)
            try body.input("a", [nil, nil])
            try body.node("MatMul", ["a", "w"], ["b"])
            for name in ["go", "b"] { try body.output(name) }
        }
        var builder = ModelBuilder()
        try builder.input("x", [2, 2])
        try builder.constant("w", TensorData([Float(0), 1, 1, 0], shape: [2, 2]))
        try builder.constant("m", TensorData([Int64(3)], shape: []))
        try builder.node("Loop", ["m", "", "x"], ["y"], [Attribute("body", body)])
        try builder.output("y")
        let facts = try GraphFacts(builder.model)
        #expect(facts.type(builder.model.graph.outputs[0]) == TensorType(.float32, [2, 2]))
        #expect(try facts.cost(builder.model.graph) == ExpandedCost(macs: 24))
        let results = try runModel(builder.model, ["x": TensorData([Float(1), 2, 3, 4], shape: [2, 2])])
        #expect(try results[0].array(of: Float.self) == [2, 1, 4, 3])
    }

    @Test(arguments: [ElementType.float32, .float16, .int64, .int8, .bool, .uint4, .int4, .string])
    func collectsEveryElementType(_ type: ElementType) throws {
        let item =
            type == .string
            ? try TensorData(strings: [Array("a".utf8), Array("bc".utf8), []], shape: [3])
            : try TensorData(doubles: [1, 0, 1], as: .float32, shape: [3]).cast(to: type)
        let body = try subgraph { (body) throws(CNNOptError) in
            try body.input("i", [], .int64)
            try body.input("go", [], .bool)
            try body.node("Identity", ["item"], ["collected"])
            for name in ["go", "collected"] { try body.output(name) }
        }
        for count in [0, 3] {
            var builder = ModelBuilder(opset: 21)
            try builder.constant("item", item)
            try builder.constant("m", TensorData([Int64(count)], shape: []))
            try builder.node("Loop", ["m", ""], ["all"], [Attribute("body", body)])
            try builder.output("all")
            let result = try runModel(builder.model)[0]
            #expect(result.elementType == type)
            #expect(result.shape == [count, 3])
            guard count > 0 else { continue }
            if let strings = item.strings {
                #expect(result.strings == strings + strings + strings)
            } else {
                #expect(try result.cast(to: .float32).doubles() == [1, 0, 1, 1, 0, 1, 1, 0, 1])
            }
        }
    }

    @Test func collectedShapesMustAgree() throws {
        let body = try subgraph { (body) throws(CNNOptError) in
            try body.input("i", [], .int64)
            try body.input("go", [], .bool)
            try body.constant("axes", .integers([0]))
            try body.node("Unsqueeze", ["i", "axes"], ["size"])
            try body.node("ConstantOfShape", ["size"], ["zeros"])
            for name in ["go", "zeros"] { try body.output(name) }
        }
        var builder = ModelBuilder()
        try builder.constant("m", TensorData([Int64(3)], shape: []))
        try builder.node("Loop", ["m", ""], ["all"], [Attribute("body", body)])
        try builder.output("all")
        let error = #expect(throws: CNNOptError.self) { try runModel(builder.model) }
        #expect(error?.code == .invalidModel)
    }

    @Test(arguments: [nil, Int(Int64.max)])
    func aLoopWithoutEndIsEnded(_ count: Int?) throws {
        let model = try sums(count: count, condition: true)
        let error = #expect(throws: CNNOptError.self) { try runModel(model) }
        #expect(error?.code == .unsupported)
        #expect(error?.message.contains("trips") == true)
        #expect(error?.location.operatorName == "Loop")
    }

    @Test func loopsInLoopsShareTheirTrips() throws {
        // Each loop stays within the limit, both together do not.
        #expect(2_000 * 2_000 > RunBudget.trips)
        let inner = try subgraph { (body) throws(CNNOptError) in
            try body.input("j", [], .int64)
            try body.input("on", [], .bool)
            try body.input("b", [], .int64)
            for name in ["on", "b"] { try body.output(name) }
        }
        let outer = try subgraph { (body) throws(CNNOptError) in
            try body.input("i", [], .int64)
            try body.input("go", [], .bool)
            try body.input("a", [], .int64)
            try body.node("Loop", ["m", "", "a"], ["c"], [Attribute("body", inner)])
            for name in ["go", "c"] { try body.output(name) }
        }
        var builder = ModelBuilder()
        try builder.constant("m", TensorData([Int64(2_000)], shape: []))
        try builder.node("Loop", ["m", "", "m"], ["y"], [Attribute("body", outer)])
        try builder.output("y")
        let error = #expect(throws: CNNOptError.self) { try runModel(builder.model) }
        #expect(error?.code == .unsupported)
    }

    @Test func bodiesThatDoNotFitAreRefused() throws {
        // Two carried values for a body of one.
        let body = try subgraph { (body) throws(CNNOptError) in
            try body.input("i", [], .int64)
            try body.input("go", [], .bool)
            try body.input("a", [], .int64)
            for name in ["go", "a"] { try body.output(name) }
        }
        var builder = ModelBuilder()
        try builder.constant("m", TensorData([Int64(2)], shape: []))
        try builder.node("Loop", ["m", "", "m", "m"], ["y"], [Attribute("body", body)])
        try builder.output("y")
        let error = #expect(throws: CNNOptError.self) { try runModel(builder.model) }
        #expect(error?.code == .invalidModel)
    }
}
