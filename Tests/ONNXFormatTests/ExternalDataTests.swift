import Foundation
import GraphIR
import ONNXFormat
import Tensors
import TestSupport
import Testing

/// A model whose initialiser `w`, two floats, lies at that place.
private func model(location: String, offset: String? = nil, length: String? = nil) -> Data {
    let tensor = Wire.tensor([2], 1) { tensor in
        tensor.text(8, "w")
        for (key, value) in [("location", location), ("offset", offset), ("length", length)] {
            guard let value else { continue }
            tensor.message(13) {
                $0.text(1, key)
                $0.text(2, value)
            }
        }
        tensor.int(14, 1)
    }
    return Data(Wire.model(.graph(initializers: [tensor])))
}

private let content = Data([9, 9, 0, 0, 128, 63, 0, 0, 0, 64])

@Suite struct ExternalDataTests {
    @Test func externalDataAreReadAndWrittenBeside() throws {
        try withTemporaryFolder { folder in
            try FileManager.default.createDirectory(
                at: folder.appendingPathComponent("sub"),
                withIntermediateDirectories: true
            )
            try content.write(to: folder.appendingPathComponent("sub/weights.bin"))
            let input = folder.appendingPathComponent("in.onnx")
            try model(location: "sub/weights.bin", offset: "2", length: "8").write(to: input)
            let output = folder.appendingPathComponent("out.onnx")
            let first = try ONNXReader.read(path: input.path)
            #expect(try first.graph.constant(first.graph.value(named: "w"))?.array(of: Float.self) == [1, 2])
            try ONNXWriter.write(first, to: output.path)
            #expect(try Data(contentsOf: folder.appendingPathComponent("out.onnx.data")) == content.dropFirst(2))
            #expect(try Data(contentsOf: output) == model(location: "out.onnx.data", offset: "0", length: "8"))
            let again = try ONNXReader.read(path: output.path)
            #expect(try again.graph.constant(again.graph.value(named: "w"))?.array(of: Float.self) == [1, 2])
            // The file that is being read may be the one that is written.
            try ONNXWriter.write(again, to: output.path)
            #expect(try Data(contentsOf: folder.appendingPathComponent("out.onnx.data")) == content.dropFirst(2))
        }
    }

    @Test func twoRunsThatWriteTheSameModelDoNotMix() throws {
        try withTemporaryFolder { folder in
            let output = folder.appendingPathComponent("out.onnx").path
            func model(_ value: Float) throws -> Model {
                var builder = ModelBuilder()
                for name in ["a", "b"] {
                    try builder.constant(name, try TensorData([Float](repeating: value, count: 2_000)))
                }
                var model = builder.model
                model.producerName = "\(value)"
                return model
            }
            let models = try (0..<4).map { try model(Float($0)) }
            DispatchQueue.concurrentPerform(iterations: 40) { run in
                try? ONNXWriter.write(models[run % 4], to: output, largestInline: 0)
            }
            let last = try ONNXReader.read(path: output)
            for name in ["a", "b"] {
                let stored = try #require(last.graph.constant(last.graph.value(named: name)))
                #expect(Set(try stored.array(of: Float.self).map { "\($0)" }) == [last.producerName ?? ""])
            }
            let left = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            #expect(left == ["out.onnx", "out.onnx.data"])
        }
    }

    @Test func aPassKeepsWeightsExternal() throws {
        try withTemporaryFolder { folder in
            try content.write(to: folder.appendingPathComponent("w"))
            let input = folder.appendingPathComponent("in.onnx")
            try model(location: "w", offset: "2").write(to: input)
            var first = try ONNXReader.read(path: input.path)
            var patch = Patch(first.graph, author: "test")
            patch.setConstant(try #require(first.graph.value(named: "w")), try TensorData([7, 8] as [Float]))
            try first.graph.apply(patch)
            try ONNXWriter.write(first, to: input.path)
            let written = try Data(contentsOf: folder.appendingPathComponent("in.onnx.data"))
            #expect(written == Data([0, 0, 224, 64, 0, 0, 0, 65]))
        }
    }

    @Test func largeModelsGetExternalData() throws {
        try withTemporaryFolder { folder in
            let path = folder.appendingPathComponent("large.onnx").path
            let bytes = Wire.model(
                .graph(initializers: [
                    .floats("small"),
                    .tensor([512], 1) {
                        $0.text(8, "first")
                        $0.data(9, Array(repeating: 1, count: 2_048))
                    },
                    .tensor([512], 1) {
                        $0.text(8, "second")
                        $0.data(9, Array(repeating: 2, count: 2_048))
                    },
                ])
            )
            let model = try ONNXReader.read(bytes: bytes, name: "test")
            try ONNXWriter.write(model, to: path, largestInline: 4_000)
            let data = try Data(contentsOf: URL(fileURLWithPath: path + ".data"))
            #expect(data.count == 4_096 + 2_048)
            #expect(data[4_096] == 2)
            let again = try ONNXReader.read(path: path)
            for name in ["small", "first", "second"] {
                let before = try #require(model.graph.constant(model.graph.value(named: name)))
                let after = try #require(again.graph.constant(again.graph.value(named: name)))
                #expect(after.isIdentical(to: before))
            }
            try ONNXWriter.write(model, to: path + "2")
            #expect(!FileManager.default.fileExists(atPath: path + "2.data"))
        }
    }

    @Test(arguments: ["/etc/passwd", "../secret", "sub/../../secret", "link", "sub/link"])
    func escapesAreRefused(_ location: String) throws {
        try withTemporaryFolder { folder in
            let home = folder.appendingPathComponent("home/sub")
            try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
            try content.write(to: folder.appendingPathComponent("secret"))
            for link in ["home/link", "home/sub/link"] {
                try FileManager.default.createSymbolicLink(
                    at: folder.appendingPathComponent(link),
                    withDestinationURL: folder.appendingPathComponent("secret")
                )
            }
            let input = folder.appendingPathComponent("home/in.onnx")
            try model(location: location).write(to: input)
            let error = #expect(throws: CNNOptError.self) { try ONNXReader.read(path: input.path) }
            #expect(error?.code == .invalidModel)
            #expect(error?.message.contains("outside the model's folder") == true)
            #expect(error?.location.value == "w")
        }
    }

    @Test(
        arguments: [
            ("gone", nil, nil, 66, "not beside the model"),
            ("w", "3", nil, 65, "8 bytes from byte 3 of 'w', which has 10"),
            ("w", "9223372036854775807", "8", 65, "8 bytes from byte 9223372036854775807"),
            ("w", "-1", nil, 65, "offset '-1'"),
            ("w", "2", "7", 65, "need 8 bytes, but 7"),
            ("w", "x", nil, 65, "offset 'x'"),
            ("", nil, nil, 65, "names no file"),
            ("sub", nil, nil, 66, "is a folder"),
        ] as [(String, String?, String?, Int32, String)]
    )
    func brokenReferencesAreNamed(
        _ location: String,
        _ offset: String?,
        _ length: String?,
        _ status: Int32,
        _ says: String
    )
        throws
    {
        try withTemporaryFolder { folder in
            try content.write(to: folder.appendingPathComponent("w"))
            try FileManager.default.createDirectory(
                at: folder.appendingPathComponent("sub"),
                withIntermediateDirectories: true
            )
            let input = folder.appendingPathComponent("in.onnx")
            try model(location: location, offset: offset, length: length).write(to: input)
            let error = #expect(throws: CNNOptError.self) { try ONNXReader.read(path: input.path) }
            #expect(error?.exitStatus == status)
            #expect(error?.description.contains(says) == true, "\(error?.description ?? "")")
        }
    }

    @Test func aFailedWriteLeavesTheOldFiles() throws {
        try withTemporaryFolder { folder in
            try content.write(to: folder.appendingPathComponent("w"))
            let input = folder.appendingPathComponent("in.onnx")
            try model(location: "w", offset: "2").write(to: input)
            let output = folder.appendingPathComponent("out.onnx")
            try Data([1]).write(to: output)
            // A folder where the data file should go.
            try FileManager.default.createDirectory(atPath: output.path + ".data", withIntermediateDirectories: true)
            let read = try ONNXReader.read(path: input.path)
            let error = #expect(throws: CNNOptError.self) { try ONNXWriter.write(read, to: output.path) }
            #expect(error?.exitStatus == 73)
            #expect(try Data(contentsOf: output) == Data([1]))
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            #expect(names == ["in.onnx", "out.onnx", "out.onnx.data", "w"])
        }
    }
}
