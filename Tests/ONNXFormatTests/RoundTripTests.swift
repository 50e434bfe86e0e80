import GraphIR
import ONNXFormat
import TestSupport
import Tensors
import Testing

private func roundTrip(_ bytes: [UInt8]) throws -> [UInt8] {
    try ONNXWriter.bytes(of: ONNXReader.read(bytes: bytes, name: "test.onnx"))
}

/// An element type with three elements in raw bytes and as the numbers of the typed field.
struct ElementCase: Sendable, CustomTestStringConvertible {
    let type: ElementType
    let raw: [UInt8]
    let field: UInt64
    let typed: [UInt8]

    var testDescription: String { type.onnxName }

    init(_ type: ElementType, raw: [UInt8], int32: [Int64]) {
        self.type = type
        self.raw = raw
        field = 5
        typed = Wire { $0.packed(5, int32) }.bytes
    }

    init(_ type: ElementType, raw: [UInt8], field: UInt64) {
        self.type = type
        self.raw = raw
        self.field = field
        typed = Wire { $0.data(field, raw) }.bytes
    }

    init(_ type: ElementType, raw: [UInt8], field: UInt64, varints: [Int64]) {
        self.type = type
        self.raw = raw
        self.field = field
        typed = Wire { $0.packed(field, varints) }.bytes
    }

    static let all: [ElementCase] = [
        ElementCase(.float32, raw: [0, 0, 128, 63, 1, 0, 192, 127, 0, 0, 0, 128], field: 4),
        ElementCase(.float64, raw: Array(repeating: 7, count: 24), field: 10),
        ElementCase(.complex64, raw: Array(0..<24), field: 4),
        ElementCase(.complex128, raw: Array(0..<48), field: 10),
        ElementCase(
            .int64,
            raw: Array(repeating: 255, count: 8) + [2] + Array(repeating: 0, count: 15),
            field: 7,
            varints: [-1, 2, 0]
        ),
        ElementCase(
            .uint64,
            raw: Array(repeating: 255, count: 8) + [2] + Array(repeating: 0, count: 15),
            field: 11,
            varints: [-1, 2, 0]
        ),
        ElementCase(
            .uint32,
            raw: [255, 255, 255, 255, 2, 0, 0, 0, 0, 0, 0, 0],
            field: 11,
            varints: [0xFFFF_FFFF, 2, 0]
        ),
        ElementCase(.int32, raw: [255, 255, 255, 255, 2, 0, 0, 0, 0, 0, 0, 0], int32: [-1, 2, 0]),
        ElementCase(.int16, raw: [255, 255, 2, 0, 0, 128], int32: [-1, 2, -32768]),
        ElementCase(.uint16, raw: [255, 255, 2, 0, 0, 128], int32: [65535, 2, 32768]),
        ElementCase(.float16, raw: [0, 60, 0, 252, 1, 0], int32: [0x3C00, 0xFC00, 1]),
        ElementCase(.bfloat16, raw: [128, 63, 0, 128, 1, 0], int32: [0x3F80, 0x8000, 1]),
        ElementCase(.int8, raw: [255, 2, 128], int32: [-1, 2, -128]),
        ElementCase(.uint8, raw: [255, 2, 128], int32: [255, 2, 128]),
        ElementCase(.bool, raw: [1, 0, 1], int32: [1, 0, 1]),
        ElementCase(.float8E4M3FN, raw: [255, 2, 128], int32: [255, 2, 128]),
        ElementCase(.float8E4M3FNUZ, raw: [255, 2, 128], int32: [255, 2, 128]),
        ElementCase(.float8E5M2, raw: [255, 2, 128], int32: [255, 2, 128]),
        ElementCase(.float8E5M2FNUZ, raw: [255, 2, 128], int32: [255, 2, 128]),
        ElementCase(.float8E8M0, raw: [255, 2, 128], int32: [255, 2, 128]),
        ElementCase(.int4, raw: [0xF1, 0x07], int32: [0xF1, 0x07]),
        ElementCase(.uint4, raw: [0xF1, 0x07], int32: [0xF1, 0x07]),
        ElementCase(.float4E2M1, raw: [0xF1, 0x07], int32: [0xF1, 0x07]),
        ElementCase(.int2, raw: [0b11_0110], int32: [0b11_0110]),
        ElementCase(.uint2, raw: [0b11_0110], int32: [0b11_0110]),
        // 6 bits each, the lowest first: 000001, 111111, 100000.
        ElementCase(.float6E2M3, raw: [0b1100_0001, 0b0000_1111, 0b10], int32: [1, 63, 32]),
        ElementCase(.float6E3M2, raw: [0b1100_0001, 0b0000_1111, 0b10], int32: [1, 63, 32]),
    ]
}

@Suite struct RoundTripTests {
    @Test func everyFieldComesBack() throws {
        #expect(try roundTrip(RichModel.bytes) == RichModel.bytes)
    }

    @Test func whatTheGraphModelsIsThere() throws {
        let model = try ONNXReader.read(bytes: RichModel.bytes, name: "rich")
        #expect(model.opset() == 21)
        #expect(model.producerVersion == "")
        #expect(model.functions.first?.body.nodeCount == 1)
        #expect(model.functions.first?.attributeDefaults.first?.name == "beta")
        let graph = model.graph
        #expect(graph.nodeIDs.map { graph[$0].operatorType } == ["If", "Custom", "Relu"])
        #expect(graph.feeds.map { graph[$0].name } == ["x", "image", "list"])
        let image = try #require(graph.value(named: "image"))
        #expect(graph[image].type?.tensor == TensorType(.float32, [.symbol("N"), .unknown, .known(-1)]))
        let nodes = Array(graph.nodeIDs)
        #expect(graph[nodes[0]].inputs.map { $0 == nil } == [true, false, true])
        #expect(graph[nodes[0]].outputs.count == 2)
        let x = try #require(graph.value(named: "x"))
        #expect(graph[x].uses.map(\.node) == [nodes[0]])
        if case .int(0)? = graph[nodes[1]].attribute("zero")?.value {} else { Issue.record("an absent int is not 0") }
        if case .int(1)? = graph[nodes[1]].attribute("untyped")?.value {} else { Issue.record("type not inferred") }
    }

    @Test func aChangedTypeIsWrittenAnew() throws {
        var model = try ONNXReader.read(bytes: RichModel.bytes, name: "rich")
        let image = try #require(model.graph.value(named: "image"))
        var patch = Patch(model.graph, author: "test")
        patch.setType(image, .tensor(TensorType(.float32, [1, 3])))
        try model.graph.apply(patch)
        let again = try ONNXReader.read(bytes: ONNXWriter.bytes(of: model), name: "again")
        let value = again.graph[try #require(again.graph.value(named: "image"))]
        #expect(value.type?.tensor?.sizes == [1, 3])
        #expect(value.declaration(.input)?.docString == "an image")
        #expect(value.declaration(.input)?.original == nil)
    }

    @Test func everyElementTypeHasACase() {
        #expect(Set(ElementCase.all.map(\.type)).union([.string]) == Set(ElementType.allCases))
    }

    @Test(arguments: ElementCase.all)
    func elementsComeBackFromBothForms(_ element: ElementCase) throws {
        func model(_ build: @escaping (inout Wire) -> Void) -> [UInt8] {
            Wire.model(.graph(initializers: [.tensor([3], Int64(element.type.rawValue), build)]))
        }
        let raw = model {
            $0.text(8, "w")
            $0.data(9, element.raw)
        }
        let typed = model {
            if element.field < 8 { $0.raw(element.typed) }
            $0.text(8, "w")
            if element.field > 8 { $0.raw(element.typed) }
        }
        #expect(try roundTrip(raw) == raw)
        #expect(try roundTrip(typed) == typed)
        func elements(_ bytes: [UInt8]) throws -> [UInt8] {
            let graph = try ONNXReader.read(bytes: bytes, name: "test").graph
            let data = try #require(graph.constant(graph.value(named: "w")))
            #expect(data.shape == [3])
            return try data.withBytes { (bytes) throws(CNNOptError) in Array(bytes) }
        }
        #expect(try elements(raw) == element.raw)
        #expect(try elements(typed) == element.raw)
    }

    @Test func stringsAreBytes() throws {
        let bytes = Wire.model(
            .graph(initializers: [
                .tensor([2], 8) {
                    $0.data(6, [255, 0])
                    $0.data(6, [])
                    $0.text(8, "w")
                }
            ])
        )
        #expect(try roundTrip(bytes) == bytes)
        let graph = try ONNXReader.read(bytes: bytes, name: "test").graph
        #expect(graph.constant(graph.value(named: "w"))?.strings == [[255, 0], []])
    }

    @Test func negativeNumbersInAnUnsignedFieldKeepTheirBits() throws {
        let bytes = Wire.model(
            .graph(initializers: [
                .tensor([2], 10) {
                    $0.packed(5, [-1024, 1])
                    $0.text(8, "w")
                }
            ])
        )
        let first = try ONNXReader.read(bytes: bytes, name: "test")
        let again = try ONNXReader.read(bytes: ONNXWriter.bytes(of: first), name: "again")
        for graph in [first.graph, again.graph] {
            let data = try #require(graph.constant(graph.value(named: "w")))
            #expect(try data.array(of: Float16.self).map(\.bitPattern) == [0xFC00, 1])
        }
    }

    @Test func largeAndEmptyTensorsComeBack() throws {
        let content = (0..<40_000).map { UInt8(truncatingIfNeeded: $0 * 7) }
        let bytes = Wire.model(
            .graph(initializers: [
                .tensor([10_000], 1) {
                    $0.text(8, "large raw")
                    $0.data(9, content)
                },
                .tensor([10_000], 1) {
                    $0.data(4, content)
                    $0.text(8, "large typed")
                },
                .tensor([0, 5], 1) {
                    $0.text(8, "empty raw")
                    $0.data(9, [])
                },
                .tensor([0], 7) { $0.text(8, "empty typed") },
            ])
        )
        #expect(try roundTrip(bytes) == bytes)
    }

    @Test func initializersOfUnknownTypesAreCarriedThrough() throws {
        let unknown = Wire.tensor([4], 99) {
            $0.text(8, "u")
            $0.data(9, [1, 2, 3])
        }
        let bytes = Wire.model(.graph(nodes: [.node("Custom", ["x", "u"], ["y"])], initializers: [unknown]))
        let model = try ONNXReader.read(bytes: bytes, name: "test")
        let again = try ONNXReader.read(bytes: ONNXWriter.bytes(of: model), name: "again")
        #expect(again.graph.residue == Wire { $0.message(5, unknown) }.bytes)
        let value = again.graph[try #require(again.graph.value(named: "u"))]
        #expect(value.isOpaqueConstant && value.constant == nil)
    }

    @Test func repeatedDeclarationsAreCarriedThrough() throws {
        let bytes = Wire.model(
            .graph {
                $0.message(13, .value("a"))
                $0.message(13) { $0.text(1, "a") }
            }
        )
        #expect(try roundTrip(bytes) == bytes)
    }

    @Test func oldModelsNeedNoOperatorSetAndNoTypes() throws {
        let bytes = Wire { model in
            model.int(1, 2)
            model.message(
                7,
                .graph(nodes: [
                    .node("Conv", ["x"], ["y"]) { node in
                        node.message(5) {
                            $0.text(1, "pads")
                            $0.int(8, 1)
                        }
                    }
                ])
            )
        }.bytes
        #expect(try roundTrip(bytes) == bytes)
    }
}
