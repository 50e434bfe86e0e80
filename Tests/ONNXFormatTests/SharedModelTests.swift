import COnnxSchema
import Foundation
import GraphIR
import ONNXFormat
import TestSupport
import Testing

/// The message as protobuf-c writes it after reading it: equal for messages with the same fields in the same order within
/// each repeated field.
private func canonical(_ bytes: [UInt8]) throws -> [UInt8] {
    let model = try #require(onnx__model_proto__unpack(nil, bytes.count, bytes))
    defer { onnx__model_proto__free_unpacked(model, nil) }
    var packed = [UInt8](repeating: 0, count: onnx__model_proto__get_packed_size(model))
    onnx__model_proto__pack(model, &packed)
    return packed
}

/// Every model under a folder of the shared material, relative to its root.
func sharedModels(_ folder: String) -> [String] {
    guard let path = SharedMaterial.path(folder), let walk = FileManager.default.enumerator(atPath: path) else {
        return []
    }
    return walk.compactMap { $0 as? String }.filter { $0.hasSuffix(".onnx") }.sorted().map { "\(folder)/\($0)" }
}

@Suite(.enabled(if: SharedMaterial.isPresent, "../shared is absent"))
struct SharedModelTests {
    /// Writes the second generation to the folder that CNNOPT_ROUND_TRIP_DIR names, for comparison from outside.
    private let outputs = ProcessInfo.processInfo.environment["CNNOPT_ROUND_TRIP_DIR"]

    @Test(arguments: ["models", "light", "onnx-node-tests"])
    func writingWhatWasReadGivesTheSameModel(_ folder: String) throws {
        let names = sharedModels(folder)
        #expect(!names.isEmpty)
        for name in names {
            let path = try #require(SharedMaterial.path(name))
            let first = try ONNXWriter.bytes(of: ONNXReader.read(path: path))
            let second = try ONNXWriter.bytes(of: ONNXReader.read(bytes: first, name: name))
            #expect(first == second, "\(name)")
            let original = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
            #expect(try canonical(original) == canonical(first), "\(name)")
            if let outputs {
                let target = URL(fileURLWithPath: outputs).appendingPathComponent(name)
                try FileManager.default.createDirectory(
                    at: target.deletingLastPathComponent(),
                    withIntermediateDirectories: true
                )
                try ONNXWriter.write(ONNXReader.read(path: path), to: target.path)
            }
        }
    }
}
