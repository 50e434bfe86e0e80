import Datasets
import Foundation
import TestSupport
import Tensors
import Testing

#if canImport(FoundationXML)
    import FoundationXML
#endif

@Suite struct ValidateTests {
    private static let keys: Set = [
        "samples", "reference", "candidate", "top1Drop", "top1DropInterval", "agreement", "snrDB", "cosine",
        "maxAbsError", "outputs", "gates", "passed",
    ]

    @Test(arguments: [
        (["--max-drop", "100"], ["--max-drop", "0"]), (["--min-top1", "10"], ["--min-top1", "99"]),
        (["--min-agreement", "10"], ["--min-agreement", "99.5"]), (["--min-snr", "1"], ["--min-snr", "60"]),
        (["--max-abs-error", "5"], ["--max-abs-error", "3.9"]),
        (["--significance", "--max-drop", "100"], ["--significance", "--max-drop", "0"]),
    ])
    func eachGateEndsInItsStatus(_ held: [String], _ broken: [String]) throws {
        try withTemporaryFolder { folder in
            let candidate = try Material.damagedSample(in: folder)
            for (gate, status) in [(held, 0), (broken, 1)] {
                let junit = folder.appendingPathComponent("junit.xml")
                let result = try cnnopt(
                    ["validate", Material.sample, candidate, "--json", "--junit", junit.path] + Material.data + gate
                )
                #expect(result.status == Int32(status), "\(gate): \(result.errors)")
                let document = try jsonObject(result.output)
                #expect(document["passed"] as? Bool == (status == 0))
                let gates = try Material.nonNil(document["gates"] as? [[String: Any]])
                #expect(gates.count == 1 && Set(gates[0].keys) == ["name", "limit", "value", "passed"])
                let report = JUnitNames()
                let parser = XMLParser(data: try Data(contentsOf: junit))
                parser.delegate = report
                #expect(parser.parse())
                #expect(report.cases == 1 && report.failures == status)
            }
        }
    }

    private final class JUnitNames: NSObject, XMLParserDelegate {
        var cases = 0
        var failures = 0
        func parser(
            _ parser: XMLParser,
            didStartElement element: String,
            namespaceURI: String?,
            qualifiedName: String?,
            attributes: [String: String]
        ) {
            if element == "testcase" { cases += 1 }
            if element == "failure" { failures += 1 }
        }
    }

    @Test func theDocumentHasTheContractsKeysAndFigures() throws {
        try withTemporaryFolder { folder in
            let candidate = try Material.damagedSample(in: folder)
            let result = try cnnopt(["validate", Material.sample, candidate, "--json", "--quiet"] + Material.data)
            #expect(result.status == 0 && result.errors.isEmpty)
            let document = try jsonObject(result.output)
            #expect(Set(document.keys) == Self.keys)
            for name in ["reference", "candidate"] {
                #expect(Set((document[name] as? [String: Any] ?? [:]).keys) == ["top1", "top5"])
            }
            let drop = try Material.nonNil(document["top1Drop"] as? Double)
            let interval = try Material.nonNil(document["top1DropInterval"] as? [Double])
            #expect(interval.count == 2 && interval[0] < drop && drop < interval[1])
            let outputs = try Material.nonNil(document["outputs"] as? [[String: Any]])
            #expect(outputs.map { Set($0.keys) } == [["name", "snrDB", "cosine", "maxAbsError"]])
            #expect(abs(try Material.nonNil(document["maxAbsError"] as? Double) - 4) < 1e-5)
        }
    }

    @Test func whatIsNotMeasuredIsNull() throws {
        let result = try cnnopt(["validate", Material.sample, Material.sample, "--json", "--quiet"])
        let document = try jsonObject(result.output)
        #expect(Set(document.keys) == Self.keys)
        for key in ["top1Drop", "top1DropInterval", "agreement", "snrDB"] { #expect(document[key] is NSNull, "\(key)") }
        #expect((document["reference"] as? [String: Any])?["top1"] is NSNull)
        #expect(document["samples"] as? Int == 8 && document["maxAbsError"] as? Double == 0)
    }

    @Test func theSamplesTableIsAsPinned() throws {
        try withTemporaryFolder { folder in
            let candidate = try Material.damagedSample(in: folder)
            let result = try cnnopt(
                ["validate", Material.sample, candidate, "--quiet", "--max-drop", "1", "--min-agreement", "50"]
                    + Material.data
            )
            try expectSnapshot("validate-damaged", result, folder: folder)
            try expectSnapshot(
                "validate-random",
                try cnnopt(["validate", Material.sample, Material.sample, "--quiet"])
            )
        }
    }

    @Test func aLabelOffsetShiftsTheLabels() throws {
        try withTemporaryFolder { folder in
            let labels = try NPY.read(Material.path(Material.labels)).array(of: Int64.self).map { $0 + 1 }
            let file = folder.appendingPathComponent("labels.npy").path
            try NPY.write(try TensorData(labels), to: file)
            let common = ["validate", Material.sample, Material.sample, "--json", "--quiet", "--data", Material.images]
            let result = try cnnopt(common + ["--labels", file, "--label-offset=-1", "--preprocess", "scale=1/255"])
            let reference = try jsonObject(result.output)["reference"] as? [String: Double]
            #expect(abs((reference?["top1"] ?? 0) - 100 * 596.0 / 597) < 1e-9)
        }
    }

    @Test func modelsOfSeveralInputsAreComparedOnRandomNumbers() throws {
        try withTemporaryFolder { folder in
            let model = try Material.oddNames(in: folder)
            let result = try cnnopt(["validate", model, model, "--json", "--quiet"])
            let outputs = try jsonObject(result.output)["outputs"] as? [[String: Any]]
            #expect(result.status == 0 && outputs?.compactMap { $0["name"] as? String } == ["out/a:0", "out:a/0"])
            let job = try cnnopt([
                model, folder.path + "/out.onnx", "--passes", "simplify", "--check", "3", "--json", "--quiet",
            ])
            let comparison = try jsonObject(job.output)["comparison"] as? [String: Any]
            #expect(job.status == 0 && comparison?["samples"] as? Int == 3)
        }
    }
}
