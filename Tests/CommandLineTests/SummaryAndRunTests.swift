import Datasets
import Foundation
import GraphIR
import ONNXFormat
import TestSupport
import Tensors
import Testing

@Suite struct SummaryTests {
    @Test func theDocumentHasTheContractsKeys() throws {
        let document = try jsonObject(try cnnopt(["summary", Material.sample, "--json"]).output)
        #expect(
            Set(document.keys) == [
                "opset", "irVersion", "producer", "inputs", "outputs", "nodes", "parameters", "weightBytes",
                "fileBytes",
                "macs", "operators", "layers",
            ]
        )
        for list in ["inputs", "outputs"] {
            let edges = try Material.nonNil(document[list] as? [[String: Any]])
            #expect(edges.allSatisfy { Set($0.keys) == ["name", "elementType", "shape"] })
        }
        let layers = try Material.nonNil(document["layers"] as? [[String: Any]])
        let keys: Set = ["name", "operator", "outputShape", "parameters", "macs", "weightBits", "sparsity"]
        #expect(layers.count == 22 && layers.allSatisfy { Set($0.keys) == keys })
        #expect(document["parameters"] as? Int == 59_594 && document["macs"] as? Int == 1_825_920)
        #expect((document["operators"] as? [String: Int])?["Conv"] == 6)
    }

    @Test func whatIsUnknownIsNull() throws {
        try withTemporaryFolder { folder in
            var builder = ModelBuilder()
            try builder.input("x", [nil, 2])
            try builder.node("Mystery", ["x"], ["y"], domain: "example.unknown")
            try builder.output("y")
            let file = folder.appendingPathComponent("mystery.onnx").path
            try ONNXWriter.write(builder.model, to: file)
            let document = try jsonObject(try cnnopt(["summary", file, "--json"]).output)
            #expect(document["producer"] is NSNull)
            let layer = try Material.nonNil((document["layers"] as? [[String: Any]])?.first)
            for key in ["outputShape", "macs", "weightBits", "sparsity"] { #expect(layer[key] is NSNull, "\(key)") }
            let output = try Material.nonNil((document["outputs"] as? [[String: Any]])?.first)
            #expect(output["shape"] is NSNull && output["elementType"] is NSNull)
        }
    }

    @Test func theSamplesTableIsAsPinned() throws {
        try expectSnapshot("summary-sample", try cnnopt(["summary", Material.sample]))
    }
}

@Suite struct RunTests {
    private static func outputs(_ result: CommandResult) throws -> [[String: Any]] {
        try Material.nonNil(try jsonObject(result.output)["outputs"] as? [[String: Any]])
    }

    @Test(arguments: ["npy", "pb"])
    func theSampleGivesTheExpectedScores(_ format: String) throws {
        try withTemporaryFolder { folder in
            let all = try NPY.read(Material.path(Material.images)).array(of: UInt8.self)
            let input = try TensorData(all.prefix(16 * 64).map { Float($0) / 255 }, shape: [16, 1, 8, 8])
            let file = folder.appendingPathComponent("image.\(format)").path
            if format == "npy" {
                try NPY.write(input, to: file)
            } else {
                try TensorProtoFile.write(Constant(name: "image", input), to: file)
            }
            let made = folder.appendingPathComponent("new/folder").path
            let result = try cnnopt([
                "run", Material.sample, "--input", "image=\(file)", "--output-dir", made, "--output-format", format,
                "--json",
            ])
            #expect(result.status == 0, "\(result.errors)")
            let written = made + "/logits.\(format)"
            #expect(try Self.outputs(result).compactMap { $0["file"] as? String } == [written])
            let scores = try format == "npy" ? NPY.read(written) : TensorProtoFile.read(path: written).data
            let expected = try NPY.read(Material.path("samples/expected.npy")).array(of: Float.self)
            #expect(scores.shape == [16, 10])
            let largest = expected.map(abs).max() ?? 0
            for (a, b) in zip(try scores.array(of: Float.self), expected) { #expect(abs(a - b) <= 1e-4 * largest) }
        }
    }

    @Test func namesBecomeFileNamesAndNoneIsLost() throws {
        try withTemporaryFolder { folder in
            let model = try Material.oddNames(in: folder)
            let (left, right) = (folder.path + "/left=.npy", folder.path + "/right.npy")
            try NPY.write(try TensorData([1, 2] as [Float], shape: [1, 2]), to: left)
            try NPY.write(try TensorData([10, 20] as [Float], shape: [1, 2]), to: right)
            let result = try cnnopt([
                "run", model, "--input", left, "--input", "right=in=\(right)", "--output-dir", folder.path,
            ])
            #expect(result.status == 0, "\(result.errors)")
            #expect(try NPY.read(folder.path + "/out_a_0.npy").array(of: Float.self) == [11, 22])
            #expect(try NPY.read(folder.path + "/out_a_0_2.npy").array(of: Float.self) == [-9, -18])
        }
    }
}
