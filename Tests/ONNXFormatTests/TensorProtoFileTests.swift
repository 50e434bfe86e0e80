import COnnxSchema
import Foundation
import GraphIR
import ONNXFormat
import Tensors
import TestSupport
import Testing

@Suite struct TensorProtoFileTests {
    @Test func aTensorComesBack() throws {
        try withTemporaryFolder { folder in
            let path = folder.appendingPathComponent("x.pb").path
            try TensorProtoFile.write(Constant(name: "x", TensorData([1, 2, 3] as [Int64])), to: path)
            let read = try TensorProtoFile.read(path: path)
            #expect(read.name == "x")
            #expect(try read.data.array(of: Int64.self) == [1, 2, 3])
        }
    }

    @Test(
        arguments: [
            ([], "no element type"), ([0x08, 0x02, 0x10], "byte 3"),
            ([0x10, 0x01, 0x4A, 0x01, 0x00], "need 4 bytes, but 1"),
        ] as [([UInt8], String)]
    )
    func brokenTensorsAreData(_ bytes: [UInt8], _ says: String) throws {
        try withTemporaryFolder { folder in
            let file = folder.appendingPathComponent("x.pb")
            try Data(bytes).write(to: file)
            let error = #expect(throws: CNNOptError.self) { try TensorProtoFile.read(path: file.path) }
            #expect(error?.code == .invalidData)
            #expect(error?.description.contains(says) == true, "\(error?.description ?? "")")
        }
    }

    @Test(.enabled(if: SharedMaterial.isPresent, "../shared is absent"))
    func theTensorsOfTheOperatorCasesComeBack() throws {
        let root = try #require(SharedMaterial.path("onnx-node-tests"))
        let walk = try #require(FileManager.default.enumerator(atPath: root))
        var count = 0
        try withTemporaryFolder { folder in
            let copy = folder.appendingPathComponent("copy.pb")
            for case let name as String in walk where name.hasSuffix(".pb") {
                try TensorProtoFile.write(TensorProtoFile.read(path: "\(root)/\(name)"), to: copy.path)
                let original = try Data(contentsOf: URL(fileURLWithPath: "\(root)/\(name)"))
                #expect(try canonical(Array(original)) == canonical(Array(Data(contentsOf: copy))), "\(name)")
                count += 1
            }
        }
        #expect(count > 1_000)
    }

    /// The tensor as protobuf-c writes it after reading it.
    private func canonical(_ bytes: [UInt8]) throws -> [UInt8] {
        let tensor = try #require(onnx__tensor_proto__unpack(nil, bytes.count, bytes))
        defer { onnx__tensor_proto__free_unpacked(tensor, nil) }
        var packed = [UInt8](repeating: 0, count: onnx__tensor_proto__get_packed_size(tensor))
        onnx__tensor_proto__pack(tensor, &packed)
        return packed
    }
}
