import Foundation
import TestSupport
import Testing

/// Each kind of bad input once: one line that names the place and what to do, and the status of the contract.
@Suite struct MessageTests {
    private static let sample = "samples/digits.onnx"

    @Test(arguments: [
        ("unknown-argument", [sample, "out.onnx", "--passes", "simplify(depth=3)"]),
        ("unknown-option", [sample, "out.onnx", "--pases", "quant"]),
        ("missing-model", ["summary", "no-such-model.onnx"]),
        ("wrong-extension", ["summary", "README.md"]),
        ("compact-missing", ["summary", "model.cnz"]),
        ("compact-wrong-way", ["pack", "model.cnz", "model.onnx"]),
        ("missing-output-folder", [sample, "no/such/folder/out.onnx", "--passes", "none"]),
        ("output-is-a-folder", [sample, "samples.onnx/", "--passes", "none"]),
        ("input-shape-unknown", [sample, "out.onnx", "--passes", "none", "--input-shape", "img:1,1,8,8"]),
        ("input-shape-contradiction", [sample, "out.onnx", "--passes", "none", "--input-shape", "image:1,3,8,8"]),
        ("labels-without-data", [sample, "out.onnx", "--passes", "none", "--labels", "samples/test/labels.npy"]),
        ("max-drop-without-data", [sample, "out.onnx", "--passes", "simplify", "--max-drop", "1"]),
        ("gate-without-labels", ["validate", sample, sample, "--max-drop", "1"]),
        ("backend-unknown", ["validate", sample, sample, "--backend", "refrence"]),
        ("run-without-input", ["run", sample, "--output-dir", "out"]),
        ("run-unknown-input", ["run", sample, "--input", "picture=x.npy", "--output-dir", "out"]),
        (
            "preprocess-key",
            ["validate", sample, sample, "--data", "samples/test/images.npy", "--preprocess", "scael=1"]
        ),
        (
            "labels-do-not-match",
            ["validate", sample, sample, "--data", "samples/test/images.npy", "--labels", "samples/train/labels.npy"]
        ),
        (
            "images-do-not-fit",
            ["validate", sample, sample, "--data", "samples/test/images.npy", "--preprocess", "crop=4"]
        ),
    ])
    func isOneClearLine(_ name: String, _ arguments: [String]) throws {
        let result = try cnnopt(arguments)
        try expectSnapshot("message-\(name)", result)
        #expect(result.output.isEmpty)
    }

    @Test func anUnknownPassNamesTheNearestAndAllOthers() throws {
        let result = try cnnopt([Self.sample, "out.onnx", "--passes", "simplfy,quant"])
        let passes = try Material.nonNil(
            try jsonObject(try cnnopt(["passes", "--json"]).output)["passes"] as? [[String: Any]]
        )
        let names = passes.compactMap { $0["name"] as? String } + ["none"]
        #expect(result.status == 64 && result.output.isEmpty)
        #expect(
            result.errors
                == "cnnopt: error: unknown pass 'simplfy'; did you mean 'simplify'? there are: \(names.joined(separator: ", "))\n"
        )
    }

    @Test func brokenModelsNameTheirPlace() throws {
        try withTemporaryFolder { folder in
            let sample = try Data(contentsOf: SharedMaterial.packageRoot.appendingPathComponent(Self.sample))
            let cases: [(String, Data)] = [
                ("empty", Data()), ("text", Data("this is no model".utf8)), ("truncated", sample.prefix(100_000)),
            ]
            for (name, bytes) in cases {
                let file = folder.appendingPathComponent("\(name).onnx")
                try bytes.write(to: file)
                let result = try cnnopt(["summary", file.path])
                try expectSnapshot("message-model-\(name)", result, folder: folder)
                #expect(result.status == 65)
            }
        }
    }

    @Test func aFailedJobLeavesTheOldOutputAlone() throws {
        try withTemporaryFolder { folder in
            let model = folder.appendingPathComponent("broken.onnx")
            let output = folder.appendingPathComponent("out.onnx")
            try Data("no model".utf8).write(to: model)
            try Data("precious".utf8).write(to: output)
            #expect(try cnnopt([model.path, output.path, "--passes", "none"]).status == 65)
            #expect(try Data(contentsOf: output) == Data("precious".utf8))
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == [
                    "broken.onnx", "out.onnx",
                ]
            )
        }
    }
}
