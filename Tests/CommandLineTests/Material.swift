import Datasets
import Foundation
import GraphIR
import ONNXFormat
import TestSupport
import Tensors

/// Files that the tests of the command need beside the sample.
enum Material {
    static let sample = "samples/digits.onnx"
    static let images = "samples/test/images.npy"
    static let labels = "samples/test/labels.npy"
    static let data = ["--data", images, "--labels", labels, "--preprocess", "scale=1/255"]

    /// The sample with a number added to the score of class 0: it now says 0 too often.
    static func damagedSample(in folder: URL, shift: Float = 4) throws -> String {
        var model = try ONNXReader.read(path: path(sample))
        let classifier = try nonNil(Array(model.graph.nodeIDs).first { model.graph[$0].operatorType == "Gemm" })
        let bias = try nonNil(model.graph[classifier].inputs[2])
        var elements = try nonNil(model.graph.constant(bias)).array(of: Float.self)
        elements[0] += shift
        var patch = Patch(model.graph, author: "test")
        patch.setConstant(bias, try TensorData(elements))
        try model.graph.apply(patch)
        let file = folder.appendingPathComponent("damaged.onnx").path
        try ONNXWriter.write(model, to: file)
        return file
    }

    /// A model of two inputs and of outputs whose names differ only in characters that file names cannot hold.
    static func oddNames(in folder: URL) throws -> String {
        var builder = ModelBuilder()
        try builder.input("left/in", [nil, 2])
        try builder.input("right=in", [nil, 2])
        try builder.node("Add", ["left/in", "right=in"], ["out/a:0"])
        try builder.node("Sub", ["left/in", "right=in"], ["out:a/0"])
        try builder.output("out/a:0", .float32)
        try builder.output("out:a/0", .float32)
        let file = folder.appendingPathComponent("odd.onnx").path
        try ONNXWriter.write(builder.model, to: file)
        return file
    }

    static func path(_ relative: String) -> String {
        SharedMaterial.packageRoot.appendingPathComponent(relative).path
    }

    struct Missing: Error {}

    static func nonNil<T>(_ value: T?) throws -> T {
        guard let value else { throw Missing() }
        return value
    }
}

/// The text as one JSON object; fails where it is anything else or more.
func jsonObject(_ text: String) throws -> [String: Any] {
    try Material.nonNil(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
}
