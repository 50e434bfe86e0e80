import Foundation
import TestSupport
import Testing

/// Compact files on the command line.
@Suite struct PackTests {
    private static let sample = "samples/digits.onnx"

    @Test func packAndUnpackGiveTheSameBytes() throws {
        try withTemporaryFolder { folder in
            let compact = folder.appendingPathComponent("digits.cnz")
            let again = folder.appendingPathComponent("again.onnx")
            let packed = try cnnopt(["pack", Self.sample, compact.path])
            #expect(packed.status == 0 && packed.errors.isEmpty)
            #expect(packed.output.contains("whole file"))
            #expect(try cnnopt(["unpack", compact.path, again.path]).status == 0)
            let original = try Data(contentsOf: SharedMaterial.packageRoot.appendingPathComponent(Self.sample))
            #expect(try Data(contentsOf: again) == original)
            #expect(try Data(contentsOf: compact).count < original.count * 9 / 10)
        }
    }

    @Test func jsonHasEveryKey() throws {
        try withTemporaryFolder { folder in
            let compact = folder.appendingPathComponent("digits.cnz").path
            let packed = try jsonObject(try cnnopt(["pack", Self.sample, compact, "--json", "--threads", "2"]).output)
            #expect(Set(packed.keys) == ["input", "output", "modelBytes", "compactBytes", "ratio", "parts"])
            let parts = try Material.nonNil(packed["parts"] as? [[String: Any]])
            let sum = parts.reduce(0) { $0 + ($1["compactBytes"] as? Int ?? 0) }
            #expect(sum == packed["compactBytes"] as? Int)
            #expect(sum == (try Data(contentsOf: URL(fileURLWithPath: compact)).count))
            let kinds = parts.compactMap { $0["kind"] as? String }
            #expect(kinds.starts(with: ["index", "skeleton", "floats"]))
            let out = folder.appendingPathComponent("out.onnx").path
            let unpacked = try jsonObject(try cnnopt(["unpack", compact, out, "--json"]).output)
            #expect(Set(unpacked.keys) == ["input", "output", "modelBytes"])
        }
    }

    @Test func threadsDoNotChangeTheFile() throws {
        try withTemporaryFolder { folder in
            let files = ["1", "2", "3"].map { folder.appendingPathComponent("\($0).cnz") }
            for (threads, file) in zip(["1", "2", "3"], files) {
                #expect(try cnnopt(["pack", Self.sample, file.path, "--threads", threads]).status == 0)
            }
            let first = try Data(contentsOf: files[0])
            for file in files { #expect(try Data(contentsOf: file) == first) }
        }
    }

    /// Options that say how much is told are taken everywhere.
    @Test func optionsOfAllCommandsAreTaken() throws {
        try withTemporaryFolder { folder in
            let compact = folder.appendingPathComponent("digits.cnz").path
            let out = folder.appendingPathComponent("out.onnx").path
            for options in [["--quiet"], ["--progress", "none"], ["--progress", "plain", "--verbose"]] {
                let packed = try cnnopt(["pack", Self.sample, compact] + options)
                #expect(packed.status == 0 && packed.errors.isEmpty && packed.output.contains("whole file"))
                let unpacked = try cnnopt(["unpack", compact, out] + options)
                #expect(unpacked.status == 0 && unpacked.errors.isEmpty && unpacked.output.contains("bytes restored"))
            }
            #expect(try cnnopt(["pack", Self.sample, compact, "--progress", "loud"]).status == 64)
        }
    }

    /// A compact file stands for the model in every command, in and out.
    @Test func everyCommandTakesCompactFiles() throws {
        try withTemporaryFolder { folder in
            let compact = folder.appendingPathComponent("digits.cnz").path
            #expect(try cnnopt([Self.sample, compact, "--passes", "none", "--quiet"]).status == 0)
            #expect(try cnnopt(["validate", Self.sample, compact, "--max-abs-error", "0", "--quiet"]).status == 0)
            let (ours, theirs) = (
                try cnnopt(["summary", compact, "--json"]), try cnnopt(["summary", Self.sample, "--json"])
            )
            var (mine, original) = (try jsonObject(ours.output), try jsonObject(theirs.output))
            #expect(mine["fileBytes"] as? Int == (try Data(contentsOf: URL(fileURLWithPath: compact)).count))
            (mine["fileBytes"], original["fileBytes"]) = (nil, nil)
            #expect(NSDictionary(dictionary: mine) == NSDictionary(dictionary: original))
            let back = folder.appendingPathComponent("back.onnx").path
            let result = try cnnopt([compact, back, "--passes", "simplify", "--quiet", "--json"])
            #expect(result.status == 0)
            #expect(try cnnopt(["bench", compact, "--runs", "1", "--quiet"]).status == 0)
        }
    }

    @Test func aDamagedFileNamesItsSectionAndLeavesNothing() throws {
        try withTemporaryFolder { folder in
            let compact = folder.appendingPathComponent("digits.cnz")
            let out = folder.appendingPathComponent("out.onnx").path
            #expect(try cnnopt(["pack", Self.sample, compact.path]).status == 0)
            var bytes = try Data(contentsOf: compact)
            bytes[bytes.count - 1] ^= 1
            try bytes.write(to: compact)
            for command in [["unpack", compact.path, out], ["summary", compact.path]] {
                let result = try cnnopt(command)
                #expect(result.status == 65 && result.output.isEmpty)
                #expect(result.errors.contains("digits.cnz: section "), "\(result.errors)")
            }
            #expect(!FileManager.default.fileExists(atPath: out))
        }
    }
}
