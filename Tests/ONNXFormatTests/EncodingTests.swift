import GraphIR
import ONNXFormat
import TestSupport
import Tensors
import Testing

/// What is known of a tensor's values is kept in the file, and believed only where it is true.
@Suite struct EncodingTests {
    private static let steps: [Float] = [0.25, 0.3, 1.1, 0.017]

    /// A tensor of 4 by 5 whole numbers times a step for each index of an axis.
    private static func values(axis: Int?) -> [Float] {
        (0..<20).map { element in
            let slice = axis == 0 ? element / 5 : axis == 1 ? element % 4 : 0
            // Odd: nothing is to be shifted.
            return Float(Double(2 * (element * 7 % 11) - 9) * Double(steps[slice]))
        }
    }

    private static func model(_ values: [Float], axis: Int?, metadata: [MetadataEntry] = []) throws -> Model {
        var model = Model(graph: Graph(name: "g"))
        model.irVersion = 8
        model.setOpset(13)
        let shape = axis == 1 ? [5, 4] : [4, 5]
        var constant = Constant(name: "w", try TensorData(values, shape: shape))
        constant.metadata = metadata
        let grid = UniformGrid(
            axis: axis,
            steps: (axis == nil ? [steps[0]] : steps).map(Double.init),
            rowLength: shape[1]
        )
        constant.encoding = .uniformGrid(grid)
        try model.graph.addInitializer(constant)
        return model
    }

    private static func read(_ model: Model) throws -> Constant {
        let again = try ONNXReader.read(bytes: try ONNXWriter.bytes(of: model), name: "m")
        return try #require(again.graph[again.graph.initializers[0]].constant)
    }

    @Test(arguments: [0, 1, nil] as [Int?]) func survivesTheFile(_ axis: Int?) throws {
        let other = MetadataEntry(key: "other", value: "1")
        let model = try Self.model(Self.values(axis: axis), axis: axis, metadata: [other])
        let constant = try Self.read(model)
        #expect(constant.encoding == model.graph[model.graph.initializers[0]].encoding)
        #expect(constant.metadata == [other])
        // What is written again is the same.
        let bytes = try ONNXWriter.bytes(of: model)
        #expect(try ONNXWriter.bytes(of: try ONNXReader.read(bytes: bytes, name: "m")) == bytes)
    }

    @Test func isDroppedWhereItIsNotTrue() throws {
        var values = Self.values(axis: 0)
        (values[1], values[2], values[3]) = (.pi, 2.718_281_8, 1.414_213_6)
        let constant = try Self.read(try Self.model(values, axis: 0))
        #expect(constant.encoding == nil && constant.metadata.isEmpty)
        #expect(constant.data.storage?.byteCount == 80)
    }

    @Test func otherDataHaveAnotherEncoding() throws {
        var constant = Constant(name: "w", try TensorData(Self.values(axis: 0), shape: [4, 5]))
        constant.encoding = .uniformGrid(UniformGrid(axis: 0, steps: Self.steps.map(Double.init), rowLength: 5))
        constant.docString = "kept"
        #expect(constant.encoding != nil)
        constant.data = try TensorData([Float](repeating: 1, count: 20), shape: [4, 5])
        #expect(constant.encoding == nil)
    }

    /// An entry of our key that says something else is left alone.
    @Test func unknownValuesAreCarriedThrough() throws {
        let entry = MetadataEntry(key: "cnnopt.grid", value: "7")
        var model = try Self.model(Self.values(axis: 0), axis: 0, metadata: [entry])
        model.graph.setEncoding(nil, of: model.graph.initializers[0])
        let constant = try Self.read(model)
        #expect(constant.encoding == nil && constant.metadata == [entry])
    }
}
