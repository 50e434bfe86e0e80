import GraphIR
import Operators
import TestSupport
import Tensors
import Testing

@Suite struct ScanTests {
    /// Running sums: state and collected output are the sum of state and entry.
    private static func sums() throws -> Graph {
        try subgraph { (body) throws(CNNOptError) in
            try body.input("sum", [nil])
            try body.input("entry", [nil])
            try body.node("Add", ["sum", "entry"], ["next"])
            try body.node("Identity", ["next"], ["copy"])
            for name in ["next", "copy"] { try body.output(name) }
        }
    }

    private func model(
        opset: Int = 17,
        _ shape: [Int],
        state: Int,
        _ attributes: [Attribute] = []
    ) throws -> Model {
        var builder = ModelBuilder(opset: opset)
        try builder.input("x", shape)
        try builder.constant("start", TensorData(zeros: .float32, shape: [state]))
        try builder.node(
            "Scan",
            ["start", "x"],
            ["last", "all"],
            [Attribute("body", try Self.sums()), Attribute("num_scan_inputs", 1)] + attributes
        )
        try builder.output("last")
        try builder.output("all")
        return builder.model
    }

    private let rows = [Float(1), 2, 3, 4, 5, 6]

    @Test(arguments: [9, 11, 16, 19, 21, 23, 24, 25])
    func carriesStateAndCollects(_ opset: Int) throws {
        let model = try model(opset: opset, [3, 2], state: 2)
        let results = try runModel(model, ["x": TensorData(rows, shape: [3, 2])])
        #expect(try results[0].array(of: Float.self) == [9, 12])
        #expect(results[1].shape == [3, 2])
        #expect(try results[1].array(of: Float.self) == [1, 2, 4, 6, 9, 12])
        let all = model.graph.outputs[1]
        #expect(try GraphFacts(model).type(all) == TensorType(.float32, [3, 2]))
    }

    struct Way: Sendable {
        let attributes: [Attribute]
        let state: Int
        let shape: [Int]
        let all: [Float]
        let last: [Float]
    }

    /// The rows are [1, 2], [3, 4], [5, 6].
    static let ways = [
        Way(
            attributes: [Attribute("scan_input_directions", [1])],
            state: 2,
            shape: [3, 2],
            all: [5, 6, 8, 10, 9, 12],
            last: [9, 12]
        ),
        Way(
            attributes: [Attribute("scan_output_directions", [1])],
            state: 2,
            shape: [3, 2],
            all: [9, 12, 4, 6, 1, 2],
            last: [9, 12]
        ),
        Way(
            attributes: [Attribute("scan_output_axes", [1])],
            state: 2,
            shape: [2, 3],
            all: [1, 4, 9, 2, 6, 12],
            last: [9, 12]
        ),
        Way(
            attributes: [Attribute("scan_output_axes", [-1]), Attribute("scan_output_directions", [1])],
            state: 2,
            shape: [2, 3],
            all: [9, 4, 1, 12, 6, 2],
            last: [9, 12]
        ),
        Way(
            attributes: [Attribute("scan_input_axes", [1])],
            state: 3,
            shape: [2, 3],
            all: [1, 3, 5, 3, 7, 11],
            last: [3, 7, 11]
        ),
        Way(
            attributes: [Attribute("scan_input_axes", [-1]), Attribute("scan_input_directions", [1])],
            state: 3,
            shape: [2, 3],
            all: [2, 4, 6, 3, 7, 11],
            last: [3, 7, 11]
        ),
    ]

    @Test(arguments: ways.indices)
    func directionsAndAxes(_ index: Int) throws {
        let way = Self.ways[index]
        let model = try model([3, 2], state: way.state, way.attributes)
        let results = try runModel(model, ["x": TensorData(rows, shape: [3, 2])])
        #expect(try results[0].array(of: Float.self) == way.last)
        #expect(results[1].shape == way.shape)
        #expect(try results[1].array(of: Float.self) == way.all)
    }

    @Test func anEmptyAxisGivesEmptyOutputs() throws {
        let model = try model([0, 2], state: 2, [Attribute("scan_output_axes", [1])])
        let results = try runModel(model, ["x": TensorData(zeros: .float32, shape: [0, 2])])
        #expect(try results[0].array(of: Float.self) == [0, 0])
        #expect(results[1].shape == [2, 0])
    }

    @Test func severalInputsAreReadTogetherEachItsWay() throws {
        let body = try subgraph { (body) throws(CNNOptError) in
            try body.input("a", [])
            try body.input("b", [])
            try body.node("Mul", ["a", "b"], ["c"])
            try body.output("c")
        }
        var builder = ModelBuilder()
        try builder.input("a", [3])
        try builder.input("b", [nil])
        try builder.node(
            "Scan",
            ["a", "b"],
            ["c"],
            [
                Attribute("body", body), Attribute("num_scan_inputs", 2),
                Attribute("scan_input_directions", [0, 1]),
            ]
        )
        try builder.output("c")
        let a = try TensorData([Float(1), 2, 3])
        let results = try runModel(builder.model, ["a": a, "b": TensorData([Float(10), 20, 30])])
        #expect(try results[0].array(of: Float.self) == [30, 40, 30])
        let error = #expect(throws: CNNOptError.self) {
            try runModel(builder.model, ["a": a, "b": TensorData([Float(1), 2])])
        }
        #expect(error?.code == .invalidModel)
    }

    /// Operator set 8: batch in front, lengths by entry.
    @Test(arguments: [nil, [3, 1]])
    func scansEachEntryOfABatchForItsLength(_ lengths: [Int]?) throws {
        for reversed in [false, true] {
            var builder = ModelBuilder(opset: 8)
            try builder.input("x", [2, 3, 2])
            try builder.constant("start", TensorData(zeros: .float32, shape: [2, 2]))
            if let lengths { try builder.constant("lengths", .integers(lengths)) }
            try builder.node(
                "Scan",
                [lengths == nil ? "" : "lengths", "start", "x"],
                ["last", "all"],
                [
                    Attribute("body", try Self.sums()), Attribute("num_scan_inputs", 1),
                    Attribute("directions", [reversed ? 1 : 0]),
                ]
            )
            try builder.output("last")
            try builder.output("all")
            let x = try TensorData(rows + rows.map { $0 * 10 }, shape: [2, 3, 2])
            let results = try runModel(builder.model, ["x": x])
            let first: [Float] = reversed ? [5, 6, 8, 10, 9, 12] : [1, 2, 4, 6, 9, 12]
            // A single entry is the same from either end; what is not run is zero.
            let second = lengths == nil ? first.map { $0 * 10 } : [10, 20, 0, 0, 0, 0]
            #expect(results[0].shape == [2, 2])
            #expect(try results[0].array(of: Float.self) == [9, 12] + (lengths == nil ? [90, 120] : [10, 20]))
            #expect(results[1].shape == [2, 3, 2])
            #expect(try results[1].array(of: Float.self) == first + second)
        }
    }

    static let wrong: [[Attribute]] = [
        [Attribute("num_scan_inputs", 0)], [Attribute("num_scan_inputs", 3)], [Attribute("num_scan_inputs", 2)],
        [Attribute("num_scan_inputs", 1), Attribute("scan_input_axes", [2])],
        [Attribute("num_scan_inputs", 1), Attribute("scan_input_axes", [0, 0])],
        [Attribute("num_scan_inputs", 1), Attribute("scan_input_directions", [2])],
        [Attribute("num_scan_inputs", 1), Attribute("scan_output_axes", [5])],
        [Attribute("num_scan_inputs", 1), Attribute("scan_output_directions", [0, 1])], [],
    ]

    @Test(arguments: wrong.indices)
    func contradictionsAreRefused(_ index: Int) throws {
        var builder = ModelBuilder()
        try builder.input("x", [3, 2])
        try builder.constant("start", TensorData(zeros: .float32, shape: [2]))
        try builder.node(
            "Scan",
            ["start", "x"],
            ["last", "all"],
            [Attribute("body", try Self.sums())] + Self.wrong[index]
        )
        try builder.output("last")
        try builder.output("all")
        let error = #expect(throws: CNNOptError.self) {
            try runModel(builder.model, ["x": TensorData(rows, shape: [3, 2])])
        }
        #expect(error?.code == .invalidModel)
    }
}
