import Foundation
import TestSupport
import Testing

/// A file that is broken, odd or hostile, and the command that reads it.
struct BrokenFile: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let file: String
    let bytes: [UInt8]
    /// `<file>` stands for the file, `<tmp>` for its folder.
    let arguments: [String]

    init(_ name: String, _ file: String, _ bytes: [UInt8], _ arguments: [String]) {
        testDescription = name
        self.file = file
        self.bytes = bytes
        self.arguments = arguments
    }

    /// A model, summarised unless arguments say otherwise.
    init(_ name: String, model: Wire, _ arguments: [String] = ["summary", "<file>"]) {
        self.init(name, "model.onnx", Wire.model(model), arguments)
    }

    /// Images, or labels of the sample's test images.
    init(data name: String, _ file: String, _ bytes: [UInt8], isLabels: Bool = false) {
        let images = isLabels ? [Material.images, "--labels", "<file>"] : ["<file>"]
        self.init(name, file, bytes, ["validate", Material.sample, Material.sample, "--data"] + images)
    }
}

extension BrokenFile {
    static let models: [BrokenFile] = [
        BrokenFile("model-undefined-value", model: .graph(nodes: [.node("Relu", ["nowhere"], ["y"])])),
        BrokenFile(
            "model-cycle",
            model: .graph(nodes: [
                .node("Add", ["x", "b"], ["a"]), .node("Relu", ["a"], ["b"]), .node("Neg", ["a"], ["y"]),
            ])
        ),
        BrokenFile(
            "model-two-sources",
            model: .graph(nodes: [.node("Relu", ["x"], ["y"]), .node("Neg", ["x"], ["y"])])
        ),
        BrokenFile(
            "model-short-tensor",
            model: .graph(
                initializers: [
                    .tensor([2, 3], 1) {
                        $0.text(8, "weight")
                        $0.data(9, [0, 0, 0, 0])
                    }
                ]
            )
        ),
        BrokenFile(
            "model-huge-tensor",
            model: .graph(initializers: [.tensor([1 << 40, 1 << 40], 1) { $0.text(8, "weight") }])
        ),
        BrokenFile(
            "model-shapes-contradict",
            model: .graph(nodes: [.node("MatMul", ["x", "w"], ["y"])], initializers: [weight("w", [3, 2])])
        ),
        BrokenFile(
            "model-attribute-type",
            model: .graph(
                nodes: [
                    .node("Flatten", ["x"], ["y"]) { node in
                        node.message(5) {
                            $0.text(1, "axis")
                            $0.text(4, "one")
                            $0.int(20, 3)
                        }
                    }
                ]
            )
        ),
        BrokenFile("model-too-few-inputs", model: .graph(nodes: [.node("Conv", ["x"], ["y"])])),
        BrokenFile(
            "model-unknown-operator",
            model: .graph(nodes: [.node("Frobnicate", ["x"], ["y"])]),
            ["validate", "<file>", "<file>"]
        ),
        BrokenFile("model-nested-deep", model: nested(60)),
        BrokenFile("model-endless-loop", model: endless, ["validate", "<file>", "<file>"]),
        BrokenFile("model-external-missing", model: external("weights.bin")),
        BrokenFile("model-external-absolute", model: external("/etc/passwd")),
        BrokenFile("model-external-parent", model: external("../weights.bin")),
        BrokenFile("model-external-short", model: external("model.onnx", offset: "100000")),
        BrokenFile("model-external-no-number", model: external("model.onnx", offset: "ten")),
        BrokenFile(
            "model-memory",
            model: .graph(
                nodes: [.node("ConstantOfShape", ["size"], ["big"]), .node("ReduceSum", ["big"], ["y"])],
                initializers: [
                    .tensor([1], 7) {
                        $0.text(8, "size")
                        $0.packed(7, [1 << 50])
                    }
                ]
            ),
            ["validate", "<file>", "<file>"]
        ),
    ]

    static let data: [BrokenFile] = [
        BrokenFile(data: "data-no-format", "images.bin", Array("not an image set".utf8)),
        BrokenFile(data: "data-empty", "images.npy", []),
        BrokenFile(data: "data-npy-short", "images.npy", npy("|u1", "(597, 1, 8, 8)", bytes: 100)),
        BrokenFile(data: "data-npy-type", "images.npy", npy("<U4", "(2,)", bytes: 32)),
        BrokenFile(data: "data-idx-short", "images.idx", [0, 0, 8, 3, 0, 0, 0, 9, 0, 0, 0, 8, 0, 0, 0, 8, 1, 2]),
        BrokenFile(data: "data-gzip-broken", "images.idx.gz", [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 0xFF, 0xFF]),
        BrokenFile(data: "data-npz-broken", "images.npz", [0x50, 0x4B, 3, 4] + [UInt8](repeating: 0, count: 40)),
        BrokenFile(data: "labels-text", "labels.txt", Array("picture.png\n".utf8), isLabels: true),
        BrokenFile(data: "labels-float", "labels.npy", npy("<f4", "(597,)", bytes: 4 * 597), isLabels: true),
        BrokenFile(data: "labels-few", "labels.npy", npy("<i8", "(3,)", bytes: 24), isLabels: true),
        BrokenFile(
            "input-broken-proto",
            "x.pb",
            [0xFF, 0xFF, 0xFF],
            ["run", Material.sample, "--input", "<file>", "--output-dir", "<tmp>/out"]
        ),
        BrokenFile(
            "input-wrong-type",
            "x.npy",
            npy("<i4", "(1, 1, 8, 8)", bytes: 256),
            ["run", Material.sample, "--input", "<file>", "--output-dir", "<tmp>/out"]
        ),
        BrokenFile(
            "input-wrong-shape",
            "x.npy",
            npy("<f4", "(1, 3, 8, 8)", bytes: 768),
            ["run", Material.sample, "--input", "<file>", "--output-dir", "<tmp>/out"]
        ),
    ]

    private static func weight(_ name: String, _ dims: [Int64]) -> Wire {
        .tensor(dims, 1) {
            $0.text(8, name)
            $0.data(9, [UInt8](repeating: 0, count: Int(4 * dims.reduce(1, *))))
        }
    }

    /// An initialiser of two floats that lies in another file.
    private static func external(_ location: String, offset: String? = nil) -> Wire {
        .graph(
            initializers: [
                .tensor([2], 1) { tensor in
                    tensor.text(8, "weight")
                    for (key, value) in [("location", location), ("offset", offset)] {
                        guard let value else { continue }
                        tensor.message(13) {
                            $0.text(1, key)
                            $0.text(2, value)
                        }
                    }
                    tensor.int(14, 1)
                }
            ]
        )
    }

    private static func nested(_ depth: Int) -> Wire {
        var graph = Wire.graph()
        for _ in 0..<depth {
            let inner = graph
            graph = .graph(
                nodes: [
                    .node("If", ["x"], ["y"]) { node in
                        node.message(5) {
                            $0.text(1, "then_branch")
                            $0.message(6, inner)
                            $0.int(20, 5)
                        }
                    }
                ]
            )
        }
        return graph
    }

    /// A Loop without a trip count whose condition stays true.
    private static let endless = Wire.graph(
        nodes: [
            .node("Loop", ["", "", "x"], ["y"]) { node in
                node.message(5) { attribute in
                    attribute.text(1, "body")
                    attribute.message(6) { body in
                        body.message(1, .node("Identity", ["go"], ["on"]))
                        body.message(1, .node("Relu", ["state"], ["next"]))
                        body.text(2, "body")
                        for (name, type) in [("i", 7), ("go", 9), ("state", 1)] {
                            body.message(11) { info in
                                info.text(1, name)
                                info.message(2) { $0.message(1) { $0.int(1, Int64(type)) } }
                            }
                        }
                        for name in ["on", "next"] { body.message(12) { $0.text(1, name) } }
                    }
                    attribute.int(20, 5)
                }
            }
        ]
    )

    private static func npy(_ type: String, _ shape: String, bytes: Int) -> [UInt8] {
        let header = "{'descr': '\(type)', 'fortran_order': False, 'shape': \(shape), }"
        let text = Array(header.utf8) + [UInt8](repeating: 0x20, count: 127 - 10 - header.utf8.count) + [0x0A]
        return [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0, UInt8(text.count), 0] + text
            + [UInt8](repeating: 1, count: bytes)
    }
}

/// Each kind of bad file once: one line that names the file, the place and what to do, and the status of the contract.
@Suite struct BrokenFileTests {
    @Test(arguments: BrokenFile.models + BrokenFile.data) func isOneClearLine(_ item: BrokenFile) throws {
        try withTemporaryFolder { folder in
            let file = folder.appendingPathComponent(item.file)
            try Data(item.bytes).write(to: file)
            let arguments = item.arguments.map {
                $0.replacingOccurrences(of: "<file>", with: file.path)
                    .replacingOccurrences(of: "<tmp>", with: folder.path)
            }
            let result = try cnnopt(arguments)
            #expect(result.status > 63 && result.output.isEmpty)
            #expect(result.errors.split(separator: "\n").count == 1)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [item.file])
            var shown = result
            // How much memory is left depends on the machine.
            shown.errors = result.errors.replacing(/only \d+ of \d+ bytes/, with: "only … of … bytes")
            try expectSnapshot("broken-\(item.testDescription)", shown, folder: folder)
        }
    }

    @Test func aWriteBeyondALimitLeavesTheOldFile() throws {
        try withTemporaryFolder { folder in
            let output = folder.appendingPathComponent("out.onnx")
            try Data("precious".utf8).write(to: output)
            let sample = Material.path(Material.sample)
            // As on a full disk: at most 16 blocks of 512 or 1,024 bytes may be written.
            let command = "ulimit -f 16; exec '\(commandURL.path)' '\(sample)' '\(output.path)' --passes none"
            let result = try run(URL(fileURLWithPath: "/bin/sh"), ["-c", command])
            try expectSnapshot("write-beyond-limit", result, folder: folder)
            #expect(try Data(contentsOf: output) == Data("precious".utf8))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["out.onnx"])
        }
    }
}
