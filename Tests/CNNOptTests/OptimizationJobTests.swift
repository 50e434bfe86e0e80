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
            #expect(result.before?.parameters == 59_594)
            #expect(result.before?.macs == 1_825_920)
            #expect(
                FileManager.default.contentsEqual(atPath: samples + "/digits.onnx", andPath: folder.path + "/out.onnx")
            )
        }
    }
}

@Suite struct ValidationJobTests {
    @Test func theSampleReachesItsAccuracy() throws {
        var job = ValidationJob(reference: samples + "/digits.onnx", candidate: samples + "/digits.onnx")
        job.data.data = samples + "/test/images.npy"
        job.data.labels = samples + "/test/labels.npy"
        job.data.preprocess = "scale=1/255"
        job.options.threads = 2
        let result = try job.run()
        #expect(result.comparison.samples == 597)
        #expect(abs((result.comparison.reference?.top1 ?? 0) - 100 * 596.0 / 597) < 1e-9)
        #expect(result.comparison.top1Drop == 0 && result.comparison.agreement == 100)
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
        var job = ValidationJob(reference: samples + "/digits.onnx", candidate: samples + "/digits.onnx")
        job.data.data = samples + "/test/images.npy"
        job.data.labels = samples + "/test/labels.npy"
        job.data.preprocess = "scale=1/255"
        job.data.samples = 50
        job.gates[keyPath: gate] = held
        let result = try job.run()
        #expect(result.gates.count == 1 && result.passed)
        guard let broken else { return }
        job.gates[keyPath: gate] = broken
        #expect(try !job.run().passed)
    }
}
