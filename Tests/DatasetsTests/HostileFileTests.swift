import Datasets
import Foundation
import ONNXFormat
import Tensors
import TestSupport
import Testing

/// Every reader of data, given files that are cut off anywhere or changed at random: it reads them or throws, and does not
/// take memory that the file's size does not account for.
@Suite struct HostileFileTests {
    static let arrays = [
        "npy/f4-big-endian-fortran.npy", "npy/u1.npy", "arrays/stored.npz", "arrays/deflated.npz",
        "arrays/streamed.npz",
        "arrays/keras.npz", "arrays/idx3", "arrays/idx-13", "arrays/idx3.gz", "arrays/idx3-two-members.gz",
        "arrays/images.npy.gz",
    ]
    static let images = [
        "images/jpeg-420.jpg", "images/jpeg-ycck.jpg", "images/jpeg-1x1.jpg", "images/png-rgb-16.png",
        "images/png-interlaced.png", "images/png-palette-transparent.png",
    ]

    /// The bytes of all samples, or the failure.
    private func size(of bytes: Data, _ name: String, in folder: URL) throws -> Result<Int, CNNOptError> {
        let file = folder.appendingPathComponent(name)
        try bytes.write(to: file)
        let isArray = !name.hasSuffix(".img") && !name.hasSuffix(".pb")
        do throws(CNNOptError) {
            let dataset = try ImageDataset.open(
                data: isArray ? file.path : folder.path,
                labels: isArray ? nil : folder.path + ".txt",
                preprocess: Preprocess(parsing: "dtype=uint8"),
                readTensor: { (path) throws(CNNOptError) in try TensorProtoFile.read(path: path).data }
            )
            let sample = try dataset.batch(0..<1, threads: 1).byteCount
            return .success(dataset.count * sample)
        } catch {
            return .failure(error)
        }
    }

    private func withFolder(_ name: String, _ body: (URL) throws -> Void) throws {
        try withTemporaryFolder { outer in
            let folder = outer.appendingPathComponent("data")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
            try Data("\(name) 0\n".utf8).write(to: outer.appendingPathComponent("data.txt"))
            try body(folder)
        }
    }

    /// The tensor of four samples as ONNX's test cases would store it.
    private func tensorProto() throws -> Data {
        try withTemporaryFolder { folder in
            let path = folder.appendingPathComponent("x.pb")
            try TensorProtoFile.write(
                .init(name: "input", TensorData((0..<60).map { Float($0) }, shape: [1, 3, 4, 5])),
                to: path.path
            )
            return try Data(contentsOf: path)
        }
    }

    @Test(arguments: arrays)
    func everyTruncatedArrayIsRefused(_ name: String) throws {
        let whole = try Data(contentsOf: URL(fileURLWithPath: fixture(name)))
        try withFolder("x") { folder in
            guard case .success = try size(of: whole, "x", in: folder) else {
                Issue.record("the whole file is refused")
                return
            }
            for length in 0..<whole.count {
                guard case .failure(let error) = try size(of: whole.prefix(length), "x", in: folder) else {
                    Issue.record("\(length) bytes of \(whole.count) are read")
                    continue
                }
                #expect(error.exitStatus == 65, "\(error)")
                #expect(error.location.file != nil)
            }
        }
    }

    @Test func everyTruncatedTensorProtoIsReadOrRefused() throws {
        let whole = try tensorProto()
        try withFolder("x.pb") { folder in
            for length in 0..<whole.count {
                if case .failure(let error) = try size(of: whole.prefix(length), "x.pb", in: folder) {
                    #expect([65, 69].contains(error.exitStatus), "\(error)")
                } else {
                    // Only the name, which stands last, may be missing.
                    #expect(length >= whole.count - 7)
                }
            }
        }
    }

    @Test(arguments: images)
    func everyTruncatedImageIsReadOrRefused(_ name: String) throws {
        let whole = try Data(contentsOf: URL(fileURLWithPath: fixture(name)))
        try withFolder("x.img") { folder in
            for length in 0..<whole.count {
                if case .failure(let error) = try size(of: whole.prefix(length), "x.img", in: folder) {
                    #expect(error.exitStatus == 65, "\(error)")
                } else {
                    // The end marker alone may be missing.
                    #expect(length >= whole.count - 2)
                }
            }
        }
    }

    @Test(arguments: arrays)
    func changedArraysAreReadOrRefused(_ name: String) throws {
        let whole = try Data(contentsOf: URL(fileURLWithPath: fixture(name)))
        try mutate(whole, "x", rounds: 1_500) { size, changed in
            // Bytes of a plain file are samples at most once each; Deflate may repeat them 1,032 times.
            #expect(size <= changed.count * 1_032)
        }
    }

    @Test func changedTensorProtosAreReadOrRefused() throws {
        try mutate(try tensorProto(), "x.pb", rounds: 3_000) { size, changed in #expect(size <= changed.count * 8) }
    }

    @Test(arguments: images)
    func changedImagesAreReadOrRefused(_ name: String) throws {
        let whole = try Data(contentsOf: URL(fileURLWithPath: fixture(name)))
        // The pixels of most of these files stand behind the first 700 bytes: mutations aim at headers and tables.
        try mutate(whole, "x.img", rounds: 500) { size, _ in #expect(size > 0) }
    }

    @Test func changedLabelsAreReadOrRefused() throws {
        let labels = ["arrays/idx1.gz", "arrays/labels.npz", "arrays/idx-labels-12", "npy/u1.npy"]
        var generator = SeededGenerator(seed: 5)
        try withTemporaryFolder { folder in
            let path = folder.appendingPathComponent("labels")
            for name in labels {
                let whole = try Data(contentsOf: URL(fileURLWithPath: fixture(name)))
                for _ in 0..<500 {
                    try changed(whole, &generator).write(to: path)
                    do throws(CNNOptError) {
                        let dataset = try ImageDataset.open(data: fixture("arrays/one.npz"), labels: path.path)
                        #expect(dataset.labels?.count == 2)
                    } catch {
                        #expect([64, 65, 69].contains(error.exitStatus), "\(error)")
                    }
                }
            }
        }
    }

    private func mutate(_ whole: Data, _ name: String, rounds: Int, _ check: (Int, Data) -> Void) throws {
        var generator = SeededGenerator(seed: UInt64(whole.count))
        try withFolder(name) { folder in
            for round in 0..<rounds {
                let bytes = changed(whole, &generator)
                switch try size(of: bytes, name, in: folder) {
                case .success(let size): check(size, bytes)
                case .failure(let error):
                    #expect([64, 65, 66, 69].contains(error.exitStatus), "round \(round): \(error)")
                    #expect(!error.description.contains("\n"))
                }
            }
        }
    }

    /// One to four changes: a byte set, a bit turned, bytes taken out, doubled, or overwritten with ones.
    private func changed(_ whole: Data, _ generator: inout SeededGenerator) -> Data {
        var bytes = [UInt8](whole)
        for _ in 0...generator.index(below: 4) where !bytes.isEmpty {
            let position = generator.index(below: bytes.count)
            let end = min(position + 1 + generator.index(below: 8), bytes.count)
            switch generator.index(below: 5) {
            case 0: bytes[position] = UInt8(generator.index(below: 256))
            case 1: bytes[position] ^= 1 << UInt8(generator.index(below: 8))
            case 2: bytes.removeSubrange(position..<end)
            case 3: bytes.insert(contentsOf: bytes[position..<end], at: position)
            default: for index in position..<end { bytes[index] = 0xFF }
            }
        }
        return Data(bytes)
    }
}
