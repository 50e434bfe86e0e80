import CNNOpt
import Foundation
import TestSupport
import Testing

private let samples = SharedMaterial.packageRoot.appendingPathComponent("samples").path

@Suite struct OptimizationJobTests {
    @Test func noPassesWriteTheSameBytes() throws {
        try withTemporaryFolder { folder in
            var job = OptimizationJob(input: samples + "/digits.onnx", output: folder.path + "/out.onnx")
            job.passes = "none"
            let result = try job.run()
            #expect(result.before.parameters == 59_594)
            #expect(result.before.macs == 1_825_920)
            #expect(result.written && result.comparison == nil)
            #expect(
                FileManager.default.contentsEqual(atPath: samples + "/digits.onnx", andPath: folder.path + "/out.onnx")
            )
        }
    }

    @Test func theOutputMayBeTheInput() throws {
        try withTemporaryFolder { folder in
            let path = folder.path + "/model.onnx"
            try FileManager.default.copyItem(atPath: samples + "/digits.onnx", toPath: path)
            var job = OptimizationJob(input: path, output: path)
            job.passes = "simplify"
            job.check = 2
            let result = try job.run()
            #expect(result.before.fileBytes == 242_198)
            #expect((result.after.fileBytes ?? .max) < 242_198)
            #expect(try ModelSummary(path: path).nodes == 16)
            #expect(result.comparison?.isOnRandomInputs == true && (result.comparison?.snrDB ?? 0) > 90)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["model.onnx"])
        }
    }

    @Test func dataIsSplitAndACheckIsMadeBesideIt() throws {
        try withTemporaryFolder { folder in
            var job = OptimizationJob(input: samples + "/digits.onnx", output: folder.path + "/out.onnx")
            job.passes = "simplify"
            job.data.data = samples + "/test/images.npy"
            job.data.labels = samples + "/test/labels.npy"
            job.data.preprocess = "scale=1/255"
            job.data.samples = 100
            job.check = 3
            job.maxDrop = 0
            let result = try job.run()
            #expect(result.comparison?.samples == 25 && result.comparison?.reference != nil)
            #expect(result.check?.samples == 3 && result.check?.isOnRandomInputs == true)
            #expect(result.gate?.name == "max-drop" && result.gate?.passed == true)
            #expect(result.notes.contains { $0.contains("75 were learned from and 25 held out") })
        }
    }

    @Test func symbolsAreFixedWhereverTheyStand() throws {
        try withTemporaryFolder { folder in
            var job = OptimizationJob(input: samples + "/digits.onnx", output: folder.path + "/out.onnx")
            job.passes = "none"
            job.options.batch = 4
            #expect(try job.run().before.macs == 4 * 1_825_920)
            let summary = try ModelSummary(path: folder.path + "/out.onnx")
            #expect(summary.inputs.first?.shape?.map(\.size) == [4, 1, 8, 8])
            #expect(summary.outputs.first?.shape?.map(\.size) == [4, 10])
        }
    }
}

@Suite struct ValidationJobTests {
    private static func job(samples count: Int? = nil) -> ValidationJob {
        var job = ValidationJob(reference: samples + "/digits.onnx", candidate: samples + "/digits.onnx")
        job.data.data = samples + "/test/images.npy"
        job.data.labels = samples + "/test/labels.npy"
        job.data.preprocess = "scale=1/255"
        job.data.samples = count
        return job
    }

    @Test func theSampleReachesItsAccuracy() throws {
        var job = Self.job()
        job.options.threads = 2
        let result = try job.run()
        #expect(result.comparison.samples == 597)
        #expect(abs((result.comparison.reference?.top1 ?? 0) - 100 * 596.0 / 597) < 1e-9)
        #expect(result.comparison.top1Drop == 0 && result.comparison.agreement == 100)
    }

    @Test func foldersOfImagesWork() throws {
        var job = Self.job()
        job.data.data = samples + "/png"
        job.data.labels = samples + "/png/labels.txt"
        job.options.threads = 2
        let result = try job.run()
        #expect(result.comparison.samples == 10 && result.comparison.reference?.top1 == 100)
    }

    @Test(
        arguments: [
            (\ValidationJob.Gates.maxDrop, 0.0, -1.0), (\.minTop1, 99.0, 99.9), (\.minAgreement, 100, 100.5),
            (\.minSNR, 90, nil),
            (\.maxAbsError, 0, -1),
        ] as [(WritableKeyPath<ValidationJob.Gates, Double?> & Sendable, Double, Double?)]
    )
    func eachGateHoldsAndBreaks(
        _ gate: WritableKeyPath<ValidationJob.Gates, Double?> & Sendable,
        _ held: Double,
        _ broken: Double?
    ) throws {
        var job = Self.job()
        job.gates[keyPath: gate] = held
        let result = try job.run()
        #expect(result.gates.count == 1 && result.passed)
        guard let broken else { return }
        job.gates[keyPath: gate] = broken
        #expect(try !job.run().passed)
    }

    @Test func optionsOfImagesWithoutImagesAreRefused() {
        var job = ValidationJob(reference: samples + "/digits.onnx", candidate: samples + "/digits.onnx")
        job.data.samples = 5
        let error = #expect(throws: CNNOptError.self) { try job.run() }
        #expect(error?.code == .usage)
    }
}
