import Foundation
import ONNXFormat
import TestSupport
import Testing

@Suite struct BenchTests {
    private static func document(_ arguments: [String]) throws -> [String: Any] {
        let result = try cnnopt(["bench"] + arguments + ["--runs", "3", "--json"])
        #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
        return try jsonObject(result.output)
    }

    @Test(arguments: ["onednn", "reference"])
    func theDocumentHasTheContractsKeys(_ backend: String) throws {
        let arguments = [Material.sample, "--batch", "5", "--threads", "2", "--backend", backend]
        let document = try Self.document(arguments)
        #expect(
            Set(document.keys) == [
                "batch", "threads", "runs", "latencyMs", "imagesPerSecond", "planMs", "arenaBytes",
                "largestLiveSetBytes", "layers",
            ]
        )
        #expect(document["batch"] as? Int == 5 && document["threads"] as? Int == 2 && document["runs"] as? Int == 3)
        #expect(document["layers"] is NSNull)
        let latency = try Material.nonNil(document["latencyMs"] as? [String: Double])
        #expect(Set(latency.keys) == ["min", "median", "p95"])
        let (least, median, high) = (latency["min"] ?? 0, latency["median"] ?? 0, latency["p95"] ?? 0)
        #expect(least > 0 && least <= median && median <= high)
        let rate = try Material.nonNil(document["imagesPerSecond"] as? Double)
        #expect(abs(rate * median / 5_000 - 1) < 1e-9)
        #expect(try Material.nonNil(document["largestLiveSetBytes"] as? Int) > 0)
    }

    @Test func theReferenceTakesEveryNodeAsAStep() throws {
        let document = try Self.document([
            Material.sample, "--batch", "3", "--profile", "--backend", "reference", "--threads", "1",
        ])
        #expect(document["arenaBytes"] as? Int == 0)
        let layers = try Material.nonNil(document["layers"] as? [[String: Any]])
        let keys: Set = [
            "name", "operators", "kernel", "layout", "shape", "bytes", "macs", "ms", "share", "gflops", "note",
        ]
        #expect(layers.count == 22 && layers.allSatisfy { Set($0.keys) == keys })
        // The summary's figure for one image.
        #expect(layers.compactMap { $0["macs"] as? Int }.reduce(0, +) == 3 * 1_825_920)
        #expect(layers.last?["shape"] as? [Int] == [3, 10])
        #expect(abs(layers.compactMap { $0["share"] as? Double }.reduce(0, +) - 100) < 1e-6)
        for layer in layers { #expect((layer["gflops"] is NSNull) == (layer["macs"] as? Int == 0)) }
    }

    @Test func aBatchThatIsLeftOpenIsOne() throws {
        #expect(try Self.document([Material.sample])["batch"] as? Int == 1)
    }

    @Test func anyNumberOfInputsIsDrawn() throws {
        try withTemporaryFolder { folder in
            let model = try Material.oddNames(in: folder)
            #expect(try Self.document([model, "--batch", "4"])["batch"] as? Int == 4)
            #expect(
                try Self.document([model, "--input-shape", "left/in:2,2", "--input-shape", "right=in:2,2"])["batch"]
                    as? Int == 2
            )
        }
    }

    @Test func theTextNamesWhatWasMeasured() throws {
        let arguments = ["bench", Material.sample, "--runs", "2", "--batch", "2", "--threads", "1"]
        let plain = try cnnopt(arguments)
        let heads = plain.output.split(separator: "\n").map { $0.prefix { $0 != " " } }
        #expect(heads == ["model", "back", "batch,", "latency", "images", "plan", "memory"])
        #expect(plain.output.contains("batch, threads     2, 1\n"))
        let profile = try cnnopt(arguments + ["--profile"]).output
        #expect(profile.contains("GFLOP/s") && !profile.contains("kernel"))
        let verbose = try cnnopt(arguments + ["--profile", "--verbose"]).output
        for heading in ["GFLOP/s", "kernel", "layout", "moved", "note"] { #expect(verbose.contains(heading)) }
    }

    @Test func mistakesAreOneClearLine() throws {
        try withTemporaryFolder { folder in
            var builder = ModelBuilder()
            try builder.input("x", [nil, 2, nil])
            try builder.node("Relu", ["x"], ["y"])
            try builder.output("y", .float32)
            let open = folder.appendingPathComponent("open.onnx").path
            try ONNXWriter.write(builder.model, to: open)
            let cases = [
                ("open-input", [open]), ("runs", [Material.sample, "--runs", "0"]),
                ("no-such-input", [open, "--input-shape", "x:2,2,2", "--input-shape", "y:1"]),
            ]
            for (name, arguments) in cases {
                let result = try cnnopt(["bench"] + arguments)
                try expectSnapshot("bench-\(name)", result, folder: folder)
                #expect(result.status == 64 && result.output.isEmpty)
            }
        }
    }
}
