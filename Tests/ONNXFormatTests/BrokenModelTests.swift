import Foundation
import GraphIR
import ONNXFormat
import Tensors
import TestSupport
import Testing

/// A broken model, and a part of what is said of it.
struct BrokenModel: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let bytes: [UInt8]
    let says: String

    init(_ what: String, _ bytes: [UInt8], says: String) {
        testDescription = what
        self.bytes = bytes
        self.says = says
    }

    init(_ what: String, _ graph: Wire, says: String) { self.init(what, Wire.model(graph), says: says) }

    /// One broken initialiser.
    init(_ what: String, tensor: Wire, says: String) { self.init(what, .graph(initializers: [tensor]), says: says) }

    /// One broken attribute.
    init(_ what: String, attribute: @escaping (inout Wire) -> Void, says: String) {
        self.init(what, .graph(nodes: [.node("Conv", ["x"], ["y"]) { $0.message(5, attribute) }]), says: says)
    }

    private static func named(_ name: String, _ data: [UInt8]) -> (inout Wire) -> Void {
        {
            $0.text(8, name)
            $0.data(9, data)
        }
    }

    static let all: [BrokenModel] = [
        BrokenModel("empty", [], says: "the file is empty"),
        BrokenModel("text", Array("<!DOCTYPE html><html>".utf8), says: "not a sound ONNX file"),
        BrokenModel("no graph", Wire { $0.int(1, 8) }.bytes, says: "there is no graph"),
        BrokenModel(
            "no operator set",
            Wire {
                $0.int(1, 8)
                $0.message(7, .graph())
            }.bytes,
            says: "no operator set"
        ),
        BrokenModel("cut in the graph", Array(Wire.model(.graph()).dropLast(6)), says: "cut short"),

        BrokenModel("negative dims", tensor: .tensor([-2], 1, named("w", [])), says: "tensor 'w': dimensions [-2]"),
        BrokenModel(
            "overflowing dims",
            tensor: .tensor([1 << 40, 1 << 40], 1, named("w", [])),
            says: "tensor 'w': dimensions"
        ),
        BrokenModel("few bytes", tensor: .tensor([2], 1, named("w", [1, 2, 3])), says: "need 8 bytes, but 3"),
        BrokenModel("no data", tensor: .tensor([2], 1) { $0.text(8, "w") }, says: "0 are in float_data"),
        BrokenModel(
            "data in another field",
            tensor: .tensor([1], 1) {
                $0.packed(5, [1])
                $0.text(8, "w")
            },
            says: "0 are in float_data"
        ),
        BrokenModel(
            "too few strings",
            tensor: .tensor([2], 8) {
                $0.data(6, [1])
                $0.text(8, "w")
            },
            says: "1 are in string_data"
        ),
        BrokenModel("no element type", tensor: Wire { $0.text(8, "w") }, says: "no element type"),
        BrokenModel(
            "an int8 of 300",
            tensor: .tensor([1], 3) {
                $0.packed(5, [300])
                $0.text(8, "w")
            },
            says: "300"
        ),
        BrokenModel(
            "a uint32 of 2^32",
            tensor: .tensor([1], 12) {
                $0.text(8, "w")
                $0.packed(11, [1 << 32])
            },
            says: "4294967296"
        ),
        BrokenModel("an initialiser without a name", tensor: .tensor([0], 1), says: "has no name"),
        BrokenModel(
            "a repeated initialiser",
            .graph(initializers: [.floats("w"), .floats("w")]),
            says: "tensor 'w': defined twice"
        ),
        BrokenModel("a repeated input", .graph { $0.message(11, .value("x")) }, says: "tensor 'x': defined twice"),
        BrokenModel("an input without a name", .graph { $0.message(11) { _ in } }, says: "graph input has no name"),

        BrokenModel(
            "a cycle",
            .graph(nodes: [.node("Add", ["x", "b"], ["a"]), .node("Relu", ["a"], ["b"]), .node("Relu", ["a"], ["y"])]),
            says: "cycle"
        ),
        BrokenModel("a missing value", .graph(nodes: [.node("Relu", ["z"], ["y"])]), says: "nothing provides 'z'"),
        BrokenModel("a missing output", .graph(nodes: []), says: "nothing provides 'y'"),
        BrokenModel(
            "a repeated value",
            .graph(nodes: [.node("Relu", ["x"], ["y"]), .node("Tanh", ["x"], ["y"])]),
            says: "node 'y' (Tanh): output 'y' is defined twice"
        ),
        BrokenModel("a node without operator", .graph(nodes: [Wire { $0.text(2, "y") }]), says: "names no operator"),
        BrokenModel(
            "a missing value in a branch",
            .graph(nodes: [
                .node("If", ["x"], ["y"]) {
                    $0.message(5) {
                        $0.text(1, "then_branch")
                        $0.message(6) {
                            $0.message(1, .node("Relu", ["nowhere"], ["z"]))
                            $0.message(12) { $0.text(1, "z") }
                        }
                        $0.int(20, 5)
                    }
                }
            ]),
            says: "nothing provides 'nowhere'"
        ),

        BrokenModel("an attribute without a name", attribute: { $0.int(20, 2) }, says: "an attribute has no name"),
        BrokenModel(
            "another attribute value than type",
            attribute: {
                $0.text(1, "axis")
                $0.float(2, 1)
                $0.int(20, 2)
            },
            says: "attribute 'axis' says that it is int, but its value is float"
        ),
        BrokenModel(
            "a list of bytes that cannot be floats",
            attribute: {
                $0.text(1, "axis")
                $0.data(7, [1, 2, 3])
            },
            says: "no multiple of 4"
        ),
        BrokenModel(
            "an attribute with the wrong wire type",
            attribute: {
                $0.text(1, "axis")
                $0.text(3, "one")
            },
            says: "'i' has the wrong wire type in AttributeProto"
        ),

        BrokenModel(
            "a name that is no UTF-8",
            .graph(nodes: [Wire { $0.data(1, [0xC3, 0x28]) }]),
            says: "byte 8: not a sound ONNX file: 'input' is not valid UTF-8 in NodeProto"
        ),
        BrokenModel(
            "a name with a zero byte",
            .graph(nodes: [Wire { $0.data(1, [120, 0, 121]) }]),
            says: "byte 9: not a sound ONNX file: 'input' has a zero byte"
        ),
        BrokenModel("field number 0", [0x02, 0], says: "byte 0: not a sound ONNX file: field number 0"),
        BrokenModel("a group", [0x0B, 0x0C], says: "wire type 3"),
        BrokenModel("an endless number", [0x08] + Array(repeating: 0xFF, count: 20), says: "more than 10 bytes"),
        BrokenModel("a number cut off", [0x08, 0x80], says: "byte 1: not a sound ONNX file: a number is cut off"),
        BrokenModel("two graphs", Wire.model(.graph()) { $0.message(7, .graph()) }, says: "a second 'graph'"),
    ]
}

@Suite struct BrokenModelTests {
    @Test(arguments: BrokenModel.all)
    func theLineSaysWhatIsWrong(_ model: BrokenModel) {
        let error = #expect(throws: CNNOptError.self) {
            try ONNXReader.read(bytes: model.bytes, name: "broken.onnx")
        }
        #expect(error?.exitStatus == 65)
        #expect(error?.description.contains(model.says) == true, "\(error?.description ?? "")")
        #expect(error?.description.hasPrefix("broken.onnx: ") == true)
        #expect(error?.description.contains("\n") == false)
    }

    @Test func aMissingFileIsNamed() {
        let error = #expect(throws: CNNOptError.self) { try ONNXReader.read(path: "/nowhere/model.onnx") }
        #expect(error?.exitStatus == 66)
        #expect(error?.description.contains("/nowhere/model.onnx") == true)
    }

    @Test func namesThatSwiftCannotTellApartAreRefused() {
        let nodes = [Wire.node("Relu", ["x"], ["\u{E9}"]), Wire.node("Relu", ["e\u{301}"], ["y"])]
        let error = #expect(throws: CNNOptError.self) {
            try ONNXReader.read(bytes: Wire.model(.graph(nodes: nodes)), name: "accents.onnx")
        }
        #expect(error?.code == .unsupported)
    }

    @Test func aBranchSeesTheValuesOfAllGraphsAroundIt() throws {
        func conditional(_ branch: Wire, _ output: String) -> Wire {
            .node("If", ["x"], [output]) { node in
                node.message(5) {
                    $0.text(1, "then_branch")
                    $0.message(6, branch)
                    $0.int(20, 5)
                }
            }
        }
        func branch(_ nodes: [Wire], _ output: String) -> Wire {
            Wire { graph in
                for node in nodes { graph.message(1, node) }
                graph.message(12) { $0.text(1, output) }
            }
        }
        func model(using name: String) -> [UInt8] {
            let inner = branch([.node("Add", [name, "own"], ["z"])], "z")
            let middle = branch([.node("Relu", ["x"], ["own"]), conditional(inner, "m")], "m")
            return Wire.model(.graph(nodes: [.node("Relu", ["x"], ["a"]), conditional(middle, "y")]))
        }
        let bytes = model(using: "a")
        #expect(try ONNXWriter.bytes(of: ONNXReader.read(bytes: bytes, name: "nested")) == bytes)
        #expect(throws: CNNOptError.self) { try ONNXReader.read(bytes: model(using: "b"), name: "nested") }
    }

    @Test func deepNestingIsRefused() {
        var graph = Wire { $0.text(2, "innermost") }
        for _ in 0..<20_000 {
            graph = Wire { outer in outer.message(1) { node in node.message(5) { $0.message(6, graph) } } }
        }
        let error = #expect(throws: CNNOptError.self) {
            try ONNXReader.read(bytes: Wire.model(graph), name: "deep.onnx")
        }
        #expect(error?.code == .invalidModel)
        #expect(error?.message.contains("more than 100 deep") == true)
    }

    @Test func moderateNestingIsRead() throws {
        func conditional(_ graph: Wire) -> Wire {
            .node("If", ["x"], ["y"]) { node in
                node.message(5) {
                    $0.text(1, "then_branch")
                    $0.message(6, graph)
                    $0.int(20, 5)
                }
            }
        }
        var inner = conditional(Wire { $0.text(2, "innermost") })
        for _ in 0..<30 {
            let node = inner
            inner = conditional(Wire { $0.message(1, node) })
        }
        let bytes = Wire.model(.graph(nodes: [inner]))
        #expect(try ONNXWriter.bytes(of: ONNXReader.read(bytes: bytes, name: "nested")) == bytes)
    }

    /// A prefix may be a whole model by chance; then it has to be written and read again.
    @Test func everyTruncationIsRefusedOrSound() throws {
        let sample = SharedMaterial.packageRoot.appendingPathComponent("samples/digits.onnx")
        let digits = Array(try Data(contentsOf: sample))
        let cuts =
            RichModel.bytes.indices.map { RichModel.bytes[..<$0] }
            + stride(from: 0, to: digits.count, by: 211).map { digits[..<$0] }
        for cut in cuts { try expectRefusedOrSound(Array(cut)) }
    }

    @Test func mutationsAreRefusedOrSound() throws {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<4_000 {
            var bytes = RichModel.bytes
            bytes[Int.random(in: bytes.indices, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            try expectRefusedOrSound(bytes)
        }
    }

    @Test func randomBytesAreRefused() throws {
        var generator = SeededGenerator(seed: 9)
        for _ in 0..<1_000 {
            let bytes = (0..<Int.random(in: 1...200, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            #expect(throws: CNNOptError.self) { try ONNXReader.read(bytes: bytes, name: "random") }
        }
    }

    private func expectRefusedOrSound(_ bytes: [UInt8]) throws {
        let model: Model
        do throws(CNNOptError) {
            model = try ONNXReader.read(bytes: bytes, name: "cut")
        } catch {
            #expect(error.code == .invalidModel || error.code == .unsupported, "\(error)")
            return
        }
        let written = try ONNXWriter.bytes(of: model)
        #expect(try ONNXWriter.bytes(of: ONNXReader.read(bytes: written, name: "again")) == written)
    }
}
