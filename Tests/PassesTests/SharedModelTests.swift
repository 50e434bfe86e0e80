import Foundation
import GraphIR
import ONNXFormat
import Passes
import TestSupport
import Tensors
import Testing

/// The passes that keep the numbers, on real exporters' files. Where the environment variable CNNOPT_RESULTS_DIR names a folder,
/// the results are written there for comparison from outside.
@Suite(.enabled(if: SharedMaterial.isPresent, "../shared is absent"))
struct SharedModelTests {
    private let results = ProcessInfo.processInfo.environment["CNNOPT_RESULTS_DIR"]

    private func read(_ name: String) throws -> Model {
        try ONNXReader.read(path: #require(SharedMaterial.path("models/\(name)")))
    }

    private func write(_ model: Model, _ folder: String, _ name: String) throws {
        guard let results else { return }
        let target = URL(fileURLWithPath: results).appendingPathComponent(folder)
        try FileManager.default.createDirectory(at: target, withIntermediateDirectories: true)
        try ONNXWriter.write(model, to: target.appendingPathComponent(name).path)
    }

    /// Small enough to be run in a test, and from different exporters. Nodes after simplifying: no more than the better of
    /// onnxsim 0.8.1 and onnxslim 0.1.98 leaves, but for LeNet, where they make one Gemm of MatMul and Add.
    @Test(arguments: [
        ("cifar10-resnet20.onnx", 54), ("cifar10-resnet20-bn.onnx", 54), ("cifar10-resnet8-int8-qdq.onnx", 75),
        ("cifar10-smallcnn-pytorch.onnx", 11), ("fashion-cnn-keras-nhwc.onnx", 15), ("mnist-lenet-cntk.onnx", 9),
        ("imagenet-fdmobilenet-05.onnx", 49), ("imagenet-mobilenetv1-025-keras-nhwc.onnx", 59),
        ("ocr-angle-cls-paddle.onnx", 126), ("detect-ultraface-rfb-320.onnx", 125),
        ("detect-yunet-n-320.onnx", 109),
    ])
    func simplifiedModelsGiveTheSameAnswers(_ name: String, _ nodes: Int) throws {
        let original = try read(name)
        let (model, _) = try simplified(original, within: 1e-5)
        #expect(model.graph.nodeCount <= nodes)
        try write(model, "simplified", name)
        var again = model
        _ = try SimplifyPass().run(&again, PassContext())
        #expect(again.graph.description == model.graph.description)
    }

    @Test(arguments: [
        "imagenet-squeezenet11.onnx", "mnist-lenet-cntk.onnx", "cifar10-smallcnn-pytorch.onnx",
        "fashion-cnn-pytorch.onnx", "detect-ultraface-rfb-320.onnx", "detect-yunet-n-320.onnx",
    ])
    func upgradedModelsGiveTheSameAnswers(_ name: String) throws {
        let original = try read(name)
        var model = original
        _ = try OpsetUpgrade.upgrade(&model, to: 13)
        #expect(model.opset() == 13)
        #expect(try relativeDifference(original, model, batch: 1) <= 1e-6)
        try write(model, "upgraded", name)
    }
}
