import Execution
import GraphIR
import ONNXFormat
import Passes
import TestSupport
import Tensors
import Testing

/// What holds for every model that there is.
@Suite struct SimplifyEquivalenceTests {
    private static let models: [String] =
        SharedMaterial.modelNames.map { "models/\($0)" }
        + ["resnet50", "squeezenet", "vgg19"].map { "light/light_\($0)/model.onnx" }

    @Test(.enabled(if: SharedMaterial.isPresent, "../shared is absent"), arguments: models)
    func aSecondRunGivesTheSameBytes(_ name: String) throws {
        let path = try #require(SharedMaterial.path(name))
        var model = try ONNXReader.read(path: path)
        _ = try SimplifyPass().run(&model, PassContext())
        let bytes = try ONNXWriter.bytes(of: model)
        var again = try ONNXReader.read(bytes: bytes, name: name)
        let report = try SimplifyPass().run(&again, PassContext())
        #expect(report.patches.map { "\($0.rule) at \($0.node)" } == [])
        #expect(report.notes == [])
        #expect(try ONNXWriter.bytes(of: again) == bytes)

        var twin = try ONNXReader.read(path: path)
        _ = try SimplifyPass().run(&twin, PassContext())
        #expect(try ONNXWriter.bytes(of: twin) == bytes)
    }

    /// The operator cases of the ONNX project, made smaller: what the plain loops could run gives what it gave.
    @Test(
        .enabled(if: ONNXCase.arePresent, "../shared/onnx-node-tests is not there"),
        arguments: ONNXCase.registered
    )
    func onnxCasesGiveTheSameAnswers(_ item: ONNXCase) throws {
        let original = try ONNXReader.read(path: item.model)
        var model = original
        let report = try SimplifyPass().run(&model, PassContext())
        guard !report.patches.isEmpty else { return }
        for folder in item.dataFolders {
            let feeds = try ONNXCase.feeds(folder, original.graph)
            let wanted: [TensorData]
            do {
                wanted = try ExecutionPlan(original).run(feeds, threads: 2)
            } catch {
                guard error.code == .unsupported else { throw error }
                continue
            }
            let found = try ExecutionPlan(model).run(try ONNXCase.feeds(folder, model.graph), threads: 2)
            for (a, b) in zip(found, wanted) {
                #expect(a.elementType == b.elementType)
                #expect(a.shape == b.shape)
                guard !a.isIdentical(to: b), a.elementType.isFloat else {
                    #expect(a.isIdentical(to: b))
                    continue
                }
                let (x, y) = (try a.doubles(), try b.doubles())
                let size = y.reduce(0) { $1.isFinite ? max($0, abs($1)) : $0 }
                for (u, v) in zip(x, y) where u != v && !(u.isNaN && v.isNaN) { #expect(abs(u - v) <= 1e-5 * size) }
            }
        }
    }
}
