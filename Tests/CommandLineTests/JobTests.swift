import Datasets
import Foundation
import TestSupport
import Tensors
import Testing

/// The main job by its command.
@Suite struct JobTests {
    @Test func theDocumentIsAloneOnStandardOutputAndEqualsTheReport() throws {
        try withTemporaryFolder { folder in
            let report = folder.appendingPathComponent("report.json")
            let result = try cnnopt(
                [Material.sample, folder.path + "/out.onnx", "--passes", "simplify", "--json", "--report", report.path]
                    + Material.data
            )
            #expect(result.status == 0, "\(result.errors)")
            #expect(try String(contentsOf: report, encoding: .utf8) == result.output)
            let document = try jsonObject(result.output)
            #expect(
                Set(document.keys) == [
                    "input", "output", "written", "before", "after", "measuredOn", "comparison", "check", "gate",
                    "passes", "notes",
                ]
            )
            #expect(document["gate"] is NSNull && document["check"] is NSNull && document["written"] as? Bool == true)
            #expect(document["measuredOn"] as? String == "images")
        }
    }

    @Test func theTableIsAsPinned() throws {
        try withTemporaryFolder { folder in
            let none = try cnnopt([Material.sample, folder.path + "/out.onnx", "--passes", "none", "--quiet"])
            try expectSnapshot("job-none", none, folder: folder)
            let checked = try cnnopt([
                Material.sample, folder.path + "/out.onnx", "--passes", "none", "--check", "2", "--quiet",
            ])
            try expectSnapshot("job-checked", checked, folder: folder)
        }
    }

    @Test func theOperatorSetIsRaisedWhereItIsOlder() throws {
        try withTemporaryFolder { folder in
            let output = folder.path + "/out.onnx"
            for (wanted, version) in [(21, 21), (9, 17)] {
                let job = [
                    Material.sample, output, "--passes", "none", "--opset", "\(wanted)", "--check", "1", "--json",
                ]
                let result = try cnnopt(job)
                #expect(result.status == 0, "\(result.errors)")
                let passes = try jsonObject(result.output)["passes"] as? [[String: Any]]
                #expect(passes?.compactMap { $0["name"] as? String } == ["opset"])
                #expect(try jsonObject(cnnopt(["summary", output, "--json"]).output)["opset"] as? Int == version)
            }
            let wrong = try cnnopt([Material.sample, output, "--opset", "99"])
            #expect(wrong.status == 64 && wrong.errors.contains("--opset 99: 7 to 28 are possible"))
        }
    }

    @Test func thePageHoldsTheFigures() throws {
        try withTemporaryFolder { folder in
            let report = folder.appendingPathComponent("report.html")
            let result = try cnnopt(
                [Material.sample, folder.path + "/out.onnx", "--passes", "simplify", "--report", report.path]
                    + Material.data
            )
            #expect(result.status == 0, "\(result.errors)")
            let page = try String(contentsOf: report, encoding: .utf8)
            for part in ["<svg", "59,594", "58,826", "top-1", "held out to measure on", "</html>"] {
                #expect(page.contains(part), "\(part)")
            }
        }
    }

    @Test func aResultThatLosesTooMuchIsNotWritten() throws {
        try withTemporaryFolder { folder in
            let output = folder.appendingPathComponent("out.onnx")
            let report = folder.appendingPathComponent("report.html")
            let job =
                [
                    Material.sample, output.path, "--passes", "simplify,prune(ratio=0.9,restore=none)", "--json",
                    "--progress", "none", "--report", report.path,
                ] + Material.data
            for (limit, status) in [("100", Int32(0)), ("1", 1)] {
                try Data("precious".utf8).write(to: output)
                let result = try cnnopt(job + ["--max-drop", limit])
                #expect(result.status == status)
                let document = try jsonObject(result.output)
                let gate = try Material.nonNil(document["gate"] as? [String: Any])
                #expect(gate["name"] as? String == "max-drop" && gate["passed"] as? Bool == (status == 0))
                #expect(document["written"] as? Bool == (status == 0))
                #expect(try (Data(contentsOf: output) == Data("precious".utf8)) == (status == 1))
                let page = try String(contentsOf: report, encoding: .utf8)
                #expect(page.contains("nothing was written") == (status == 1))
                #expect(result.errors.contains("more than --max-drop 1.00 allows") == (status == 1))
            }
        }
    }

    @Test func withoutLabelsAgreementIsTheLimit() throws {
        try withTemporaryFolder { folder in
            let result = try cnnopt([
                Material.sample, folder.path + "/out.onnx", "--passes", "simplify,prune(ratio=0.3)", "--json",
                "--quiet",
                "--max-drop", "100", "--data", Material.images, "--preprocess", "scale=1/255", "--samples", "80",
            ])
            #expect(result.status == 0, "\(result.errors)")
            let document = try jsonObject(result.output)
            #expect((document["gate"] as? [String: Any])?["name"] as? String == "max-drop in agreement")
            let comparison = try Material.nonNil(document["comparison"] as? [String: Any])
            #expect(comparison["agreement"] is Double && comparison["top1Drop"] is NSNull)
        }
    }

    @Test func lowrankSaysWhatBecameOfEachLayer() throws {
        try withTemporaryFolder { folder in
            let result = try cnnopt(
                [
                    Material.sample, folder.path + "/out.onnx", "--passes", "simplify,lowrank", "--json", "--quiet",
                    "--max-drop", "2",
                ] + Material.data
            )
            #expect(result.status == 0, "\(result.errors)")
            let document = try jsonObject(result.output)
            let (before, after) = (document["before"] as? [String: Any], document["after"] as? [String: Any])
            for key in ["fileBytes", "parameters", "macs"] {
                let (old, new) = (
                    try Material.nonNil(before?[key] as? Int), try Material.nonNil(after?[key] as? Int)
                )
                #expect(new < old, "\(key)")
            }
            let pass = try Material.nonNil((document["passes"] as? [[String: Any]])?.last)
            #expect((pass["notes"] as? [String])?.contains { $0.contains("at most 2.0 points of top-1 lost") } == true)
            let layers = try Material.nonNil(pass["layers"] as? [[String: Any]])
            #expect(layers.count == 7)
            #expect(layers.contains { ($0["change"] as? String)?.hasPrefix("rank ") == true })
            #expect(layers.allSatisfy { ($0["change"] is String) != ($0["note"] is String) })
        }
    }

    @Test func unwritableReportsAreFoundBeforeTheWork() throws {
        try withTemporaryFolder { folder in
            let output = folder.path + "/out.onnx"
            let result = try cnnopt([
                Material.sample, output, "--passes", "none", "--report", folder.path + "/no/report.json",
            ])
            #expect(result.status == 73)
            #expect(!FileManager.default.fileExists(atPath: output))
        }
    }

    @Test(arguments: ["optimize", "summary", "run", "validate", "bench", "pack", "unpack", "passes", "operators"])
    func helpIsAsPinned(_ command: String) throws {
        try expectSnapshot("help-\(command)", try cnnopt([command, "--help"]))
    }

    @Test func bareCommandsSayWhatIsMissing() throws {
        try expectSnapshot("message-no-arguments", try cnnopt([]))
        try expectSnapshot("message-one-argument", try cnnopt([Material.sample]))
    }

    @Test func fullStandardOutputIsAFailure() throws {
        let process = Process()
        process.executableURL = commandURL
        process.arguments = ["passes"]
        process.standardOutput = FileHandle(forWritingAtPath: "/dev/full")
        process.standardError = FileHandle.nullDevice
        guard process.standardOutput != nil else { return }
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 74)
    }

    /// Work of many seconds, interrupted as soon as its progress shows.
    @Test func anInterruptedJobLeavesNothingBehind() throws {
        try withTemporaryFolder { folder in
            let images = folder.appendingPathComponent("images.npy")
            try NPY.write(try TensorData(zeros: .uint8, shape: [100_000, 1, 8, 8]), to: images.path)
            let output = folder.appendingPathComponent("out.onnx")
            try Data("precious".utf8).write(to: output)
            let process = Process()
            process.executableURL = commandURL
            process.currentDirectoryURL = SharedMaterial.packageRoot
            process.arguments = [
                Material.sample, output.path, "--passes", "simplify", "--data", images.path, "--progress", "plain",
                "--report", folder.path + "/report.json",
            ]
            let errors = Pipe()
            process.standardError = errors
            process.standardOutput = FileHandle.nullDevice
            try process.run()
            var seen = ""
            while !seen.contains("measuring") {
                let bytes = errors.fileHandleForReading.availableData
                if bytes.isEmpty { break }
                seen += String(decoding: bytes, as: UTF8.self)
            }
            #expect(seen.contains("measuring"))
            process.interrupt()
            process.waitUntilExit()
            #expect(process.terminationStatus == 130)
            #expect(try Data(contentsOf: output) == Data("precious".utf8))
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["images.npy", "out.onnx"]
            )
        }
    }
}
