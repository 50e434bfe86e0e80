import Datasets
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct ArrayFileTests {
    /// What Fixtures/make_arrays.py wrote: 0, 1, 2 … modulo 251.
    private func pixels(_ count: Int) -> [Float] { (0..<count).map { Float($0 % 251) } }

    private func values(_ dataset: ImageDataset) throws -> [Float] {
        try dataset.batch(0..<dataset.count, threads: 2).array(of: Float.self)
    }

    @Test(
        arguments: [
            ("stored.npz", "images", [7, 1]), ("deflated.npz", "images", [7, 1]), ("streamed.npz", "images", [7, 1]),
            ("keras.npz", "x_test", [7, 1]), ("medmnist.npz", "test_images", [7, 1]),
            ("positional.npz", "arr_0", [7, 1]),
            ("one.npz", "whatever", nil), ("capitals.npz", "X", [7, 1]),
        ] as [(String, String, [Int]?)]
    )
    func archivesGiveImagesAndTheirLabels(_ file: String, _ member: String, _ labels: [Int]?) throws {
        let dataset = try ImageDataset.open(data: fixture("arrays/\(file)"))
        #expect(dataset.name == "arrays/\(file):\(member)")
        #expect(dataset.sampleShape == [3, 4, 5])
        #expect(try values(dataset) == pixels(120))
        #expect(dataset.labels == labels)
    }

    @Test func anArrayNamedBehindAColonIsTakenAlone() throws {
        let train = try ImageDataset.open(data: fixture("arrays/keras.npz:x_train"))
        #expect(train.count == 1)
        #expect(train.labels == nil)
        #expect(train.name == "arrays/keras.npz:x_train")
        let labelled = try ImageDataset.open(
            data: fixture("arrays/keras.npz:x_train"),
            labels: fixture("arrays/keras.npz:y_train")
        )
        #expect(labelled.labels == [7])
        #expect(try ImageDataset.open(data: fixture("arrays/unclear.npz:right")).count == 2)
        #expect(try ImageDataset.open(data: fixture("arrays/regression.npz:x")).labels == nil)
    }

    /// A file whose own name looks like that is the file.
    @Test func aFileWithAColonInItsNameIsThatFile() throws {
        try withTemporaryFolder { folder in
            let path = folder.appendingPathComponent("a.npz:b").path
            try FileManager.default.copyItem(atPath: fixture("arrays/one.npz"), toPath: path)
            #expect(try ImageDataset.open(data: path).count == 2)
        }
    }

    @Test(arguments: [
        ("stored.npz", [7, 1]), ("labels.npz", [7, 1]), ("labels.npz:z", [8, 2]), ("idx1.gz", [7, 1]),
        ("idx-labels-08", [7, 1]),
        ("idx-labels-09", [7, 1]), ("idx-labels-11", [7, 1]), ("idx-labels-12", [7, 1]), ("medmnist.npz", [7, 1]),
    ])
    func labelsComeFromEveryKindOfArray(_ file: String, _ labels: [Int]) throws {
        let dataset = try ImageDataset.open(
            data: fixture("arrays/one.npz"),
            labels: fixture("arrays/\(file)"),
            labelOffset: 1
        )
        #expect(dataset.labels == labels.map { $0 + 1 })
    }

    @Test(arguments: ["idx3", "idx3.gz", "idx3-two-members.gz"])
    func idxFilesOfThreeAxesAreGrey(_ file: String) throws {
        let dataset = try ImageDataset.open(data: fixture("arrays/\(file)"))
        #expect(dataset.sampleShape == [1, 4, 5])
        #expect(try values(dataset) == pixels(40))
    }

    @Test(arguments: ["idx-08", "idx-13", "idx-14", "images.npy.gz"])
    func pixelsAndBigEndianFloatsAreRead(_ file: String) throws {
        let dataset = try ImageDataset.open(data: fixture("arrays/\(file)"))
        #expect(dataset.sampleShape == [3, 4, 5])
        #expect(try values(dataset) == pixels(120))
    }

    @Test(arguments: [
        ("idx-11", "images of type int16, but input 'x' takes float"),
        ("idx-12", "images of type int32, but input 'x' takes float"),
    ])
    func otherIntegersAreRefusedByName(_ file: String, _ message: String) throws {
        let error = #expect(throws: CNNOptError.self) {
            try ImageDataset.open(data: fixture("arrays/\(file)"))
                .fitted(toInput: "x", shape: [nil, 3, 4, 5], elementType: .float32)
        }
        #expect(error?.code == .unsupported)
        #expect(error?.message == message)
    }

    /// Every failure in full; `#` stands for the folder of the fixtures.
    @Test(
        arguments: [
            (
                "unclear.npz", nil,
                "#unclear.npz: which of its arrays holds the images? It has 'left', 'right'; say it behind a colon: --data file.npz:left"
            ),
            (
                "keras.npz:z", nil,
                "#keras.npz: the archive has no array 'z'; it has 'x_test', 'y_test', 'x_train', 'y_train'"
            ),
            (
                "regression.npz", nil,
                "#regression.npz: tensor 'y': labels are one list of integers, but this is double of shape [2]"
            ),
            (
                "bzip2.npz", nil,
                "#bzip2.npz: byte 0: tensor 'images': it is compressed by zip method 12 (bzip2); 0 (stored) and 8 (Deflate) are "
                    + "read; save it with numpy.savez or numpy.savez_compressed"
            ),
            (
                "lzma.npz", nil,
                "#lzma.npz: byte 0: tensor 'images': it is compressed by zip method 14 (LZMA); 0 (stored) and 8 (Deflate) are "
                    + "read; save it with numpy.savez or numpy.savez_compressed"
            ),
            ("no-arrays.npz", nil, "#no-arrays.npz: the archive holds no arrays (.npy)"),
            (
                "text.gz", nil,
                "#text.gz: a gzip file that holds a file of unknown kind is no array; use a .npy, .npz or idx file, or a folder of "
                    + "JPEG, PNG or TensorProto files"
            ),
            (
                "idx1.gz", nil,
                "#idx1.gz: images have the shape N,C,H,W or N,H,W, but this array has [2]"
            ),
            (
                "one.npz", "keras.npz:x_test",
                "#keras.npz: labels are one list of integers, but this is uint8 of shape [2, 3, 4, 5]"
            ),
            (
                "one.npz", "unclear.npz",
                "#unclear.npz: which of its arrays holds the labels? It has 'left', 'right'; say it behind a colon: --labels "
                    + "file.npz:left"
            ),
            (
                "one.npz", "idx-labels-13",
                "#idx-labels-13: labels are one list of integers, but this is float of shape [2]"
            ),
            ("idx3", "keras.npz:y_train", "#keras.npz:y_train: 1 labels for the 2 images of #idx3"),
        ] as [(String, String?, String)]
    )
    func failuresSayWhatIsWrong(_ data: String, _ labels: String?, _ message: String) throws {
        let error = #expect(throws: CNNOptError.self) {
            try ImageDataset.open(
                data: fixture("arrays/\(data)"),
                labels: labels.map { fixture("arrays/\($0)") }
            )
        }
        #expect(error?.description.replacingOccurrences(of: fixture("arrays") + "/", with: "#") == message)
    }

    /// Damaged files by their whole content.
    @Test(
        arguments: [
            ([0, 0], 65, "byte 2: the idx header is cut off"),
            ([0, 0, 8], 65, "byte 3: the idx header is cut off"),
            ([0, 0, 10, 3], 65, "byte 2: element type 0xA is none of the idx format"),
            ([0, 0, 8, 0], 65, "byte 3: the idx header states no axes"),
            (
                [0, 0, 8, 3, 0, 0, 0, 1], 65,
                "byte 4: the idx header is cut off: 3 axes need 16 bytes, but 8 are there"
            ),
            (
                [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2, 9, 9, 9], 65,
                "byte 16: shape [1, 2, 2] of uint8 needs 4 bytes of data, but the file holds 3; it is damaged or was not written "
                    + "to its end"
            ),
            (
                [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2, 9, 9, 9, 9, 9], 65,
                "byte 16: shape [1, 2, 2] of uint8 needs 4 bytes of data, but the file holds 5; it is damaged or was not written "
                    + "to its end"
            ),
            (
                [0, 0, 14, 4] + [UInt8](repeating: 255, count: 16), 65,
                "byte 4: shape [4294967295, 4294967295, 4294967295, 4294967295] overflows"
            ),
            (
                [0, 0, 8, 3, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 2], 65, "there are no images"
            ),
            ([], 65, "the file is empty; use a .npy, .npz or idx file, or a folder of JPEG, PNG or TensorProto files"),
            (
                Array("hello".utf8), 65,
                "a file of unknown kind is no array; use a .npy, .npz or idx file, or a folder of JPEG, PNG or TensorProto files"
            ),
            (
                [0xFF, 0xD8, 0xFF], 69,
                "a JPEG image is no array; use a .npy, .npz or idx file, or a folder of JPEG, PNG or TensorProto files"
            ),
            ([0x1F, 0x8B], 65, "byte 2: the compressed data is cut off"),
            ([0x1F, 0x8B, 7, 0], 65, "byte 4: the compressed data is damaged: unknown compression method"),
            (
                [0x50, 0x4B, 3, 4], 65,
                "byte 4: the archive's directory, which stands at its end, is missing; the file is damaged or was not written to "
                    + "its end"
            ),
        ] as [([UInt8], Int32, String)]
    )
    func damagedFilesSayWhatIsWrong(_ bytes: [UInt8], _ status: Int32, _ message: String) throws {
        try withTemporaryFolder { folder in
            let path = folder.appendingPathComponent("x").path
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            let error = #expect(throws: CNNOptError.self) { try ImageDataset.open(data: path) }
            #expect(error?.exitStatus == status)
            #expect(error?.description == "\(path): \(message)")
        }
    }

    /// A gzip file of which single parts are changed.
    @Test func damagedGzipFilesSayWhatIsWrong() throws {
        let whole = try Data(contentsOf: URL(fileURLWithPath: fixture("arrays/idx3.gz")))
        func failure(_ change: (inout Data) -> Void) throws -> String {
            try withTemporaryFolder { folder in
                let path = folder.appendingPathComponent("x").path
                var bytes = whole
                change(&bytes)
                try bytes.write(to: URL(fileURLWithPath: path))
                let error = #expect(throws: CNNOptError.self) { try ImageDataset.open(data: path) }
                #expect(error?.code == .invalidData)
                return error?.description.replacingOccurrences(of: path + ": ", with: "") ?? ""
            }
        }
        let size = whole.count
        #expect(
            try failure { $0[size - 8] ^= 1 }
                == "byte \(size - 4): the compressed data is damaged: incorrect data check"
        )
        #expect(
            try failure { $0[size - 1] ^= 1 } == "byte \(size): the compressed data is damaged: incorrect length check"
        )
        #expect(try failure { $0 += [0] } == "byte \(size): the compressed data is followed by 1 more byte")
        #expect(try failure { $0 += [1, 2] } == "byte \(size): the compressed data is followed by 2 more bytes")
        #expect(try failure { $0 = $0.dropLast() } == "byte \(size - 1): the compressed data is cut off")
        #expect(
            try failure { $0 += whole }
                == "byte 0: shape [2, 4, 5] of uint8 needs 40 bytes of data, but the file holds more; it is damaged or was "
                + "not written to its end"
        )
    }

    /// The header inside of a gzip file may claim what no memory could hold.
    @Test(arguments: [
        (
            1_000,
            "shape [1000, 1000, 1000] of uint8 needs 1000000000 bytes of data, but the file holds # compressed ones, which "
                + "cannot become so many"
        ), (70, "shape [70, 70, 70] of uint8 needs 343000 bytes of data, but the file holds 1000"),
    ])
    func sizesAreCheckedBeforeMemoryIsTaken(_ side: UInt32, _ message: String) throws {
        var idx = Data([0, 0, 8, 3])
        for _ in 0..<3 { withUnsafeBytes(of: side.bigEndian) { idx.append(contentsOf: $0) } }
        idx += Data((0..<1_000).map { UInt8(truncatingIfNeeded: $0 * $0) })
        try withTemporaryFolder { folder in
            let path = folder.appendingPathComponent("x").path
            let bytes = gzipStored(idx)
            try bytes.write(to: URL(fileURLWithPath: path))
            let error = #expect(throws: CNNOptError.self) { try ImageDataset.open(data: path) }
            #expect(error?.message == message.replacingOccurrences(of: "#", with: "\(bytes.count)"))
        }
    }

    /// A gzip member with one block that is stored as it is.
    private func gzipStored(_ bytes: Data) -> Data {
        let length = UInt16(bytes.count)
        var out = Data([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 1])
        for number in [length, ~length] { withUnsafeBytes(of: number.littleEndian) { out.append(contentsOf: $0) } }
        out += bytes
        for number in [crc32(bytes), UInt32(length)] {
            withUnsafeBytes(of: number.littleEndian) { out.append(contentsOf: $0) }
        }
        return out
    }
}
