import Datasets
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct NPYTests {
    static let kinds = ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"]

    @Test(
        arguments: kinds.flatMap { ["\($0).npy", "\($0)-big-endian-fortran.npy"] } + ["version2.npy", "version3.npy"]
    )
    func readsWhatNumPyWrote(_ name: String) throws {
        let tensor = try NPY.read(fixture("npy/\(name)"))
        #expect(tensor.shape == [2, 3, 4])
        #expect(try tensor.doubles() == (0..<24).map(Double.init))
    }

    @Test func readsBoolComplexScalarAndEmpty() throws {
        #expect(try NPY.read(fixture("npy/bool.npy")).doubles() == (0..<24).map { Double($0 % 2) })
        let complex = try NPY.read(fixture("npy/complex.npy"))
        #expect(complex.elementType == .complex128)
        #expect(complex.isIdentical(to: try NPY.read(fixture("npy/complex-big-endian-fortran.npy"))))
        let scalar = try NPY.read(fixture("npy/scalar.npy"))
        #expect(scalar.shape == [])
        #expect(try scalar.array(of: Float.self) == [7])
        #expect(try NPY.read(fixture("npy/empty.npy")).shape == [0, 3])
    }

    @Test(arguments: ["text", "record"])
    func namesWhatItCannotHold(_ name: String) {
        let error = #expect(throws: CNNOptError.self) { try NPY.read(fixture("npy/\(name).npy")) }
        #expect(error?.code == .unsupported)
        #expect(error?.location.byteOffset != nil)
    }

    @Test(arguments: kinds + ["bool", "complex"])
    func writesTheBytesThatNumPyWrites(_ name: String) throws {
        try withTemporaryFolder { folder in
            let path = folder.appendingPathComponent("copy.npy").path
            try NPY.write(try NPY.read(fixture("npy/\(name).npy")), to: path)
            #expect(try NPY.read(path).isIdentical(to: try NPY.read(fixture("npy/\(name).npy"))))
            let ours = try Data(contentsOf: URL(fileURLWithPath: path))
            #expect(ours == (try Data(contentsOf: URL(fileURLWithPath: fixture("npy/\(name).npy")))))
        }
    }

    @Test func typesWithoutANumPyNameAreRefused() throws {
        try withTemporaryFolder { folder in
            let path = folder.appendingPathComponent("x.npy").path
            let tensor = try TensorData(zeros: .bfloat16, shape: [2])
            let error = #expect(throws: CNNOptError.self) { try NPY.write(tensor, to: path) }
            #expect(error?.code == .unsupported)
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }

    /// Headers for 24 bytes of data; each is wrong in one way.
    static let hostileHeaders = [
        "", "{", "{}", "{'descr': '<f4'}", "[1]",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), ",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), } x",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 4), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-2, 3), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (0, -1), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2; 3), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2.0, 3), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': 6, }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 3), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999, 3), }",
        "{'descr': '<f4', 'fortran_order': Maybe, 'shape': (2, 3), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), 'extra': (1,), }",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }",
        "{'descr': '|f4', 'fortran_order': False, 'shape': (2, 3), }",
        "{'descr': '<x4', 'fortran_order': False, 'shape': (2, 3), }",
        "{'descr': '', 'fortran_order': False, 'shape': (2, 3), }",
        "{'descr': '<f4, 'fortran_order': False, 'shape': (2, 3), }",
        "{'descr': '" + String(repeating: "x", count: 5_000) + "', 'fortran_order': False, 'shape': (2, 3), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (" + String(repeating: "1,", count: 5_000) + "), }",
    ]

    @Test(arguments: hostileHeaders)
    func hostileHeadersAreRefused(_ header: String) throws {
        let error = try readingError(of: file(header: header))
        #expect(error.code == .invalidData)
        #expect(error.location.byteOffset != nil)
        #expect(error.location.file != nil)
    }

    @Test(arguments: [UInt32(7), 200, 65_535, .max])
    func headerLengthsBeyondTheFileAreRefused(_ length: UInt32) throws {
        var bytes = file(header: "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", version: 2)
        withUnsafeBytes(of: length.littleEndian) { bytes.replaceSubrange(8..<12, with: $0) }
        let error = try readingError(of: bytes)
        #expect(error.code == .invalidData)
        #expect((error.location.byteOffset ?? 0) >= 8)
    }

    @Test func everyTruncationIsRefused() throws {
        let whole = try Data(contentsOf: URL(fileURLWithPath: fixture("npy/f4.npy")))
        for length in 0..<whole.count {
            #expect(try readingError(of: whole.prefix(length)).code == .invalidData)
        }
    }

    /// Any byte may change: the reader gives a tensor or a `CNNOptError`, and never more elements than bytes.
    @Test func everyChangedHeaderByteIsReadOrRefused() throws {
        let whole = try Data(contentsOf: URL(fileURLWithPath: fixture("npy/f4-big-endian-fortran.npy")))
        try withTemporaryFolder { folder in
            let path = folder.appendingPathComponent("x.npy")
            for position in 0..<128 {
                for value in [0, 1, 0x20, 0x27, 0x28, 0x2D, 0x30, 0x39, 0x7F, 0xFF] as [UInt8] {
                    var changed = whole
                    changed[position] = value
                    try changed.write(to: path)
                    do throws(CNNOptError) {
                        let tensor = try NPY.read(path.path)
                        #expect(tensor.byteCount == 96 || tensor.count == 0)
                    } catch {
                        #expect([65, 69].contains(error.exitStatus))
                    }
                }
            }
        }
    }

    @Test func absentFilesAndFoldersAreMissingInput() throws {
        try withTemporaryFolder { folder in
            for path in [folder.path, folder.appendingPathComponent("none.npy").path] {
                let error = #expect(throws: CNNOptError.self) { try NPY.read(path) }
                #expect(error?.code == .missingInput)
                #expect(error?.location.file == path)
            }
        }
    }

    private func file(header: String, version: UInt8 = 1) -> Data {
        let length = header.utf8.count
        var bytes = Data([0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, version, 0])
        for byte in 0..<(version == 1 ? 2 : 4) { bytes.append(UInt8(length >> (8 * byte) & 0xFF)) }
        return bytes + Data(header.utf8) + Data(count: 24)
    }

    private func readingError(of bytes: Data) throws -> CNNOptError {
        try withTemporaryFolder { folder in
            let path = folder.appendingPathComponent("x.npy")
            try bytes.write(to: path)
            return try #require(throws: CNNOptError.self) { try NPY.read(path.path) }
        }
    }
}

/// The path of a file under Fixtures/.
func fixture(_ name: String) -> String {
    SharedMaterial.packageRoot.appendingPathComponent("Tests/DatasetsTests/Fixtures/\(name)").path
}
