import Datasets
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct ZipArchiveTests {
    /// A `.npy` of uint8 in shape 1,2,2 with the elements 1, 2, 3, 4; `shape` may say otherwise.
    private static func npy(_ shape: String = "(1, 2, 2)") -> Data {
        let header = Data("{'descr': '|u1', 'fortran_order': False, 'shape': \(shape), }\n".utf8)
        return Data([0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0, UInt8(header.count), 0]) + header + Data([1, 2, 3, 4])
    }

    private static func member(_ change: (inout ZipWriter.Member) -> Void = { _ in }) -> ZipWriter.Member {
        var member = ZipWriter.Member(name: "x.npy", data: npy())
        change(&member)
        return member
    }

    private func open(_ bytes: Data) throws -> ImageDataset {
        try withTemporaryFolder { folder in
            let path = folder.appendingPathComponent("x.npz")
            try bytes.write(to: path)
            return try ImageDataset.open(data: path.path)
        }
    }

    private func failure(_ bytes: Data) throws -> (status: Int32?, text: String) {
        try withTemporaryFolder { folder in
            let path = folder.appendingPathComponent("x.npz")
            try bytes.write(to: path)
            let error = #expect(throws: CNNOptError.self) { try ImageDataset.open(data: path.path) }
            return (
                error?.exitStatus, error?.description.replacingOccurrences(of: path.path + ": ", with: "") ?? ""
            )
        }
    }

    static let sound: [(String, ZipWriter)] = [
        ("plain", ZipWriter(members: [member()])),
        ("a comment", ZipWriter(members: [member()], comment: Data("hello".utf8))),
        (
            "a comment that holds an end record's signature",
            ZipWriter(members: [member()], comment: Data([0x50, 0x4B, 5, 6]) + Data(count: 30))
        ),
        ("a member of 64-bit sizes", ZipWriter(members: [member { $0.isWide = true }])),
        ("an end record of 64 bits", ZipWriter(members: [member { $0.isWide = true }], isWide: true)),
        ("other files beside", ZipWriter(members: [.init(name: "notes.txt", data: Data([1])), member()])),
        ("folders in names", ZipWriter(members: [member { $0.name = "a/b.npy" }])),
        ("UTF-8 names", ZipWriter(members: [member { $0.name = "größe.npy" }])),
    ]

    @Test(arguments: sound.indices)
    func soundArchivesAreRead(_ index: Int) throws {
        let (what, zip) = Self.sound[index]
        let dataset = try open(zip.bytes)
        #expect(try dataset.batch(0..<1, threads: 1).array(of: Float.self) == [1, 2, 3, 4], "\(what)")
    }

    static let unsound: [(ZipWriter, Int32, String)] = [
        (
            ZipWriter(members: [member { $0.flags = 1 }]), 69,
            "byte 0: tensor 'x': it is encrypted; save it without a password"
        ),
        (
            ZipWriter(members: [member { $0.method = 97 }]), 69,
            "byte 0: tensor 'x': it is compressed by zip method 97; 0 (stored) and 8 (Deflate) are read; save it with "
                + "numpy.savez or numpy.savez_compressed"
        ),
        (
            ZipWriter(members: [member { $0.checksum = 7 }]), 65,
            "byte 39: tensor 'x': the bytes do not have the checksum that the archive states; the file is damaged"
        ),
        (
            ZipWriter(members: [
                member {
                    $0.size = 10_000_000_000; $0.isWide = true
                }
            ]), 65,
            "byte 0: tensor 'x': it is stored uncompressed, yet takes 77 bytes for 10000000000"
        ),
        (
            ZipWriter(members: [member { $0.storedSize = 5_000 }]), 65,
            "byte 39: tensor 'x': 5000 bytes of data are announced, but 157 are left in the file"
        ),
        (
            ZipWriter(members: [member { $0.offset = 4_000_000 }]), 65,
            "byte 158: a member at byte 4000000 lies outside of the file"
        ),
        (
            ZipWriter(members: [
                member {
                    $0.offset = .max; $0.isWide = true
                }
            ]), 65,
            "byte 192: the archive has a size beyond 63 bits"
        ),
        (
            ZipWriter(members: [member { $0.offset = 3 }]), 65,
            "byte 3: tensor 'x': the archive is damaged: a member was expected"
        ),
        (
            ZipWriter(members: [member { $0.localName = "y.npy" }]), 65,
            "byte 30: tensor 'x': the member's own header gives it another name than the directory"
        ),
        (ZipWriter(members: [member(), member()]), 65, "the archive holds 'x' 2 times"),
        (ZipWriter(members: []), 65, "the archive holds no arrays (.npy)"),
        (ZipWriter(members: [member()], disk: 1), 69, "byte 178: the archive is split over several files"),
        (
            ZipWriter(members: [member()], count: 2), 65,
            "byte 174: the archive's directory of 2 members in 58 bytes at byte 116 does not fit into the file"
        ),
        (
            ZipWriter(members: [member(), member()], count: 3, directorySize: 140), 65,
            "byte 348: the archive's directory of 3 members in 140 bytes at byte 232 does not fit into the file"
        ),
        (
            ZipWriter(members: [member()], directoryOffset: 5), 65,
            "byte 5: the archive is damaged: an entry of its directory was expected"
        ),
        (
            ZipWriter(members: [member()], isWide: true, count: .max), 65,
            "byte 206: the archive has a size beyond 63 bits"
        ),
        (
            ZipWriter(members: [member()], isWide: true, count: 1 << 62), 65,
            "byte 250: the archive's directory of 4611686018427387904 members in 58 bytes at byte 116 does not fit into the "
                + "file"
        ),
        (
            ZipWriter(members: [member { $0.data = npy("(1, 2, 3)") }]), 65,
            "byte 112: tensor 'x': shape [1, 2, 3] of uint8 needs 6 bytes of data, but the file holds 4; it is damaged or "
                + "was not written to its end"
        ),
        (
            ZipWriter(members: [member { $0.data = npy("(10000000000, 1, 1)") }]), 65,
            "byte 122: tensor 'x': shape [10000000000, 1, 1] of uint8 needs 10000000000 bytes of data, but the file holds 4; "
                + "it is damaged or was not written to its end"
        ),
        (
            ZipWriter(members: [member { $0.data = Data("hello".utf8) }]), 65, "byte 0: tensor 'x': not a .npy file"
        ),
        (ZipWriter(members: [member { $0.data = Data() }]), 65, "byte 0: tensor 'x': the file is empty"),
    ]

    @Test(arguments: unsound.indices)
    func unsoundArchivesSayWhatIsWrong(_ index: Int) throws {
        let (zip, status, text) = Self.unsound[index]
        let found = try failure(zip.bytes)
        #expect(found.text == text)
        #expect(found.status == status)
    }

    /// Whatever is deflated in truth, the directory and the array's own header have to agree with it.
    @Test func deflatedSizesAndChecksumsAreVerified() throws {
        let whole = try Data(contentsOf: URL(fileURLWithPath: fixture("arrays/deflated.npz")))
        let entry = try #require(whole.firstRange(of: [0x50, 0x4B, 1, 2])).lowerBound
        func failure(_ offset: Int, _ value: [UInt8]) throws -> String {
            var bytes = whole
            bytes.replaceSubrange(entry + offset..<entry + offset + value.count, with: value)
            return try self.failure(bytes).text
        }
        #expect(
            try failure(16, [0, 0])
                == "byte 60: tensor 'images': the bytes do not have the checksum that the archive states; the file is damaged"
        )
        #expect(
            try failure(24, [0xF9])
                == "byte 60: tensor 'images': shape [2, 3, 4, 5] of uint8 needs 120 bytes of data, but the file holds 121; it "
                + "is damaged or was not written to its end"
        )
        #expect(try failure(20, [20, 0]).hasSuffix("tensor 'images': the compressed data is cut off"))
    }

    /// 1 GB that a directory and an array's header both claim, in 60 bytes.
    @Test func claimsThatNoDeflateCouldMeetAreRefused() throws {
        // One final Deflate block, stored: it holds the .npy header and nothing else.
        let head = Self.npy("(1000000000, 1, 1)").dropLast(4)
        let length = UInt16(head.count)
        let block =
            Data([1, UInt8(length & 255), UInt8(length >> 8), ~UInt8(length & 255), ~UInt8(length >> 8)]) + head
        var member = ZipWriter.Member(name: "x.npy", data: block, method: 8)
        member.size = 1_000_000_000 + UInt64(head.count)
        let found = try failure(ZipWriter(members: [member]).bytes)
        #expect(
            found.text
                == "byte 39: tensor 'x': shape [1000000000, 1, 1] of uint8 needs 1000000000 bytes of data, but the file holds "
                + "\(block.count) compressed ones, which cannot become so many; it is damaged or was not written to its end"
        )
    }
}
