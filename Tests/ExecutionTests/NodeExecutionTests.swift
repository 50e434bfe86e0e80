import Execution
import GraphIR
import Operators
import TestSupport
import Tensors
import Testing

/// Single nodes over batches of samples, on fast kernels against plain loops.
@Suite struct NodeExecutionTests {
    /// A node with operands that it has in the graph.
    struct Case: Sendable, CustomStringConvertible {
        let type: String
        /// nil is left out.
        let operands: [BatchedTensor?]
        var outputs = ["y"]
        var attributes: [Attribute] = []
        /// Inputs that the node has in the graph, where it is given more.
        var portsInGraph: Int?

        var description: String { "\(type)\(attributes.map(\.name)) of \(operands.count)" }
    }

    private static func batches(_ shapes: [[Int]]) -> BatchedTensor {
        .batches(shapes.enumerated().compactMap { try? .random($1, seed: UInt64($0 + 1)) })
    }

    private static func stored(_ shape: [Int]) -> BatchedTensor? {
        (try? TensorData.random(shape, seed: 99)).map { .fixed($0) }
    }

    /// The last batch holds fewer samples.
    private static let images = batches([[3, 8, 12, 12], [3, 8, 12, 12], [3, 8, 12, 12], [1, 8, 12, 12]])

    static let cases: [Case] = [
        Case(
            type: "Conv",
            operands: [images, stored([16, 8, 3, 3]), stored([16])],
            attributes: [Attribute("pads", [1, 1, 1, 1])]
        ),
        // The bias is one that the node does not have yet.
        Case(type: "Conv", operands: [images, stored([16, 8, 1, 1]), stored([16])], portsInGraph: 2),
        Case(
            type: "Conv",
            operands: [images, stored([8, 1, 3, 3])],
            attributes: [Attribute("group", 8), Attribute("strides", [2, 2])]
        ),
        Case(
            type: "ConvTranspose",
            operands: [images, stored([8, 4, 2, 2])],
            attributes: [Attribute("strides", [2, 2])]
        ),
        Case(type: "MatMul", operands: [batches([[4, 32], [4, 32], [2, 32]]), stored([32, 10])]),
        Case(type: "Add", operands: [images, images]),
        Case(type: "Relu", operands: [images]),
        Case(type: "Clip", operands: [images, nil, (try? TensorData([Float(0.25)], shape: [])).map { .fixed($0) }]),
        Case(type: "MaxPool", operands: [images], attributes: [Attribute("kernel_shape", [2, 2])]),
        Case(
            type: "MaxPool",
            operands: [images],
            outputs: ["y", "indices"],
            attributes: [Attribute("kernel_shape", [2, 2])]
        ),
        Case(type: "Shape", operands: [images]),
        Case(type: "Dropout", operands: [images], outputs: ["y", ""]),
        Case(type: "Relu", operands: [stored([3, 5])]),
    ]

    private func run(_ item: Case, _ backend: Backend, threads: Int) throws -> [BatchedTensor?] {
        var builder = ModelBuilder()
        for (port, operand) in item.operands.enumerated() {
            guard let tensor = operand?.tensor(0) else { continue }
            try builder.input("x\(port)", tensor.shape.map { _ in nil }, tensor.elementType)
        }
        let names = item.operands.enumerated().map { port, operand in operand == nil ? "" : "x\(port)" }
        let used = Array(names.prefix(item.portsInGraph ?? names.count))
        try builder.node(item.type, used, item.outputs, item.attributes)
        try builder.output("y")
        let model = builder.model
        let node = try #require(Array(model.graph.nodeIDs).first)
        let execution = try NodeExecution(node, model, GraphFacts(model), backend: backend)
        let count = item.operands.compactMap { $0?.isFixed == false ? $0?.tensors.count : nil }.max() ?? 3
        return try execution.run(item.operands, batchCount: count, threads: threads)
    }

    @Test(arguments: cases)
    func fastKernelsGiveWhatPlainLoopsGive(_ item: Case) throws {
        let wanted = try run(item, .reference, threads: 1)
        let found = try run(item, .onednn, threads: 2)
        #expect(found.count == item.outputs.count && wanted.count == item.outputs.count)
        for (found, wanted) in zip(found, wanted) {
            #expect(found?.isFixed == wanted?.isFixed && found?.tensors.count == wanted?.tensors.count)
            for (a, b) in zip(found?.tensors ?? [], wanted?.tensors ?? []) {
                #expect(a.shape == b.shape)
                #expect(try a.difference(from: b) == nil)
            }
        }
    }

    @Test(arguments: cases)
    func theBytesDoNotDependOnTheThreads(_ item: Case) throws {
        let wanted = try run(item, .onednn, threads: 1)
        for threads in [1, 2, 3] {
            for (a, b) in zip(try run(item, .onednn, threads: threads), wanted) {
                for (a, b) in zip(a?.tensors ?? [], b?.tensors ?? []) { #expect(a.isIdentical(to: b)) }
            }
        }
    }

    @Test func whatDoesNotDependOnTheSamplesIsComputedOnce() throws {
        let results = try run(Case(type: "Relu", operands: [Self.stored([3, 5])]), .onednn, threads: 2)
        #expect(results.count == 1 && results[0]?.isFixed == true)
    }

    @Test func callsOfFunctionsRunToo() throws {
        var builder = ModelBuilder()
        try builder.input("x", [nil, 2])
        try builder.node("f", ["x"], ["y"], domain: "local")
        try builder.output("y")
        var model = builder.model
        model.functions = [
            try localFunction("f", inputs: ["a"]) { (body) throws(CNNOptError) in
                try body.node("Neg", ["a"], ["b"])
                try body.output("b")
            }
        ]
        let node = try #require(Array(model.graph.nodeIDs).first)
        let samples = [try TensorData([Float(1), -2], shape: [1, 2]), try TensorData([Float(3), 4], shape: [1, 2])]
        let results = try NodeExecution(node, model, GraphFacts(model)).run(
            [.batches(samples)],
            batchCount: 2,
            threads: 2
        )
        let numbers = try (results[0]?.tensors ?? []).map { (tensor) in try tensor.array(of: Float.self) }
        #expect(numbers == [[-1, 2], [-3, -4]])
    }

    @Test func anErrorNamesTheNode() throws {
        let item = Case(
            type: "Conv",
            operands: [Self.images, Self.stored([16, 7, 3, 3])],
            attributes: [Attribute("pads", [1, 1, 1, 1])]
        )
        let error = #expect(throws: CNNOptError.self) { try run(item, .onednn, threads: 2) }
        #expect(error?.location.node == "y_node" && error?.location.operatorName == "Conv")
    }
}
