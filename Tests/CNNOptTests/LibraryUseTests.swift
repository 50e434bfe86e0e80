import CNNOpt
import Foundation
import TestSupport
import Testing

/// The library as the README shows it, by its public names alone.
@Suite struct LibraryUseTests {
    @Test func theReadmesExampleWorks() throws {
        try withTemporaryFolder { folder in
            let samples = SharedMaterial.packageRoot.appendingPathComponent("samples").path
            let output = folder.appendingPathComponent("small.onnx").path

            var job = OptimizationJob(input: samples + "/digits.onnx", output: output)
            job.passes = "simplify,prune(ratio=0.3)"
            job.data.data = samples + "/train/images.npy"
            job.data.preprocess = "scale=1/255"
            job.data.evalData = samples + "/test/images.npy"
            job.data.evalLabels = samples + "/test/labels.npy"
            job.maxDrop = 1
            job.options.threads = 2
            let result = try job.run()
            guard result.written, let comparison = result.comparison else {
                Issue.record("the result lost too much")
                return
            }
            print(
                "MACs \(result.before.macs ?? 0) -> \(result.after.macs ?? 0), top-1 \(comparison.top1Drop ?? 0) lower"
            )

            #expect(FileManager.default.fileExists(atPath: output))
            #expect(try ModelSummary(path: output).parameters == result.after.parameters)
            let ratio = Double(result.after.macs ?? 0) / Double(result.before.macs ?? 1)
            #expect((0.65...0.72).contains(ratio))
        }
    }

    @Test(arguments: Backend.allCases)
    func aModelIsTimed(_ backend: Backend) throws {
        let sample = SharedMaterial.packageRoot.appendingPathComponent("samples/digits.onnx").path
        var job = BenchJob(model: sample)
        job.runs = 4
        job.options.batch = 2
        job.options.backend = backend
        let result = try job.run()
        #expect(result.batch == 2 && result.threads == 1 && result.runs == 4 && result.layers == nil)
        #expect(result.latency.min > 0 && result.planMilliseconds > 0)
    }

    @Test func errorsSayWhereAndWhatToDo() {
        do {
            _ = try ModelSummary(path: "no-such-model.onnx")
            Issue.record("nothing was thrown")
        } catch {
            #expect(error.code == .missingInput && error.exitStatus == 66)
            #expect(error.location.file == "no-such-model.onnx")
        }
    }
}
