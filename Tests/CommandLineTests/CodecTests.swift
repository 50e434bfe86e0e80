import Foundation
import ONNXFormat
import TestSupport
import Tensors
import Testing

/// Weights for the compact file, by the command.
@Suite struct CodecTests {
    private func job(_ output: String, _ passes: String, _ more: [String] = []) -> [String] {
        [
            Material.sample, output, "--passes", passes, "--json", "--quiet", "--data", "samples/train/images.npy",
            "--preprocess", "scale=1/255", "--samples", "400",
        ] + more
    }

    @Test func aSizeIsReachedAndTheNetworkStillAnswers() throws {
        try withTemporaryFolder { folder in
            let compact = folder.appendingPathComponent("digits.cnz")
            let result = try cnnopt(job(compact.path, "simplify,quant(codec)", ["--target-size", "30000"]))
            #expect(result.status == 0, "\(result.errors)")
            let size = try Data(contentsOf: compact).count
            #expect(size <= 30_000 && size > 27_000, "\(size) bytes")
            let comparison = try Material.nonNil(try jsonObject(result.output)["comparison"] as? [String: Any])
            #expect(try Material.nonNil(comparison["agreement"] as? Double) > 97)

            // The grid is said in the ONNX file, which is believed.
            let plain = folder.appendingPathComponent("digits.onnx").path
            #expect(try cnnopt(["unpack", compact.path, plain]).status == 0)
            let model = try ONNXReader.read(path: plain)
            let encoded = model.graph.initializers.count { model.graph[$0].constant?.encoding != nil }
            #expect(encoded == 7)
        }
    }

    @Test func threadsDoNotChangeTheFile() throws {
        try withTemporaryFolder { folder in
            let files = ["1", "3"].map { folder.appendingPathComponent("\($0).cnz") }
            for (file, threads) in zip(files, ["1", "3"]) {
                let result = try cnnopt(job(file.path, "quant(codec,distortion=0.01)", ["--threads", threads]))
                #expect(result.status == 0, "\(result.errors)")
            }
            #expect(try Data(contentsOf: files[0]) == Data(contentsOf: files[1]))
        }
    }

    @Test func whatCannotBeReachedIsSaid() throws {
        try withTemporaryFolder { folder in
            let output = folder.appendingPathComponent("out.cnz").path
            let small = try cnnopt(job(output, "simplify,quant(codec)", ["--target-size", "1000"]))
            #expect(small.status == 69 && small.errors.contains("1000 bytes"), "\(small.errors)")
            #expect(!FileManager.default.fileExists(atPath: output))
            let none = try cnnopt(job(output, "simplify,quant(codec)", ["--target-size", "0"]))
            #expect(none.status == 64 && none.errors.contains("--target-size 0"))
            for passes in ["simplify", "quant(codec,distortion=0.01)"] {
                let idle = try cnnopt(job(output, passes, ["--target-size", "30000"]))
                #expect(
                    idle.status == 64 && idle.errors.contains("--target-size is for quant(codec)"),
                    "\(idle.errors)"
                )
            }
        }
    }
}
