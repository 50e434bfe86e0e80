import Datasets
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct ImageFileTests {
    static let names = [
        "jpeg-420.jpg", "jpeg-422.jpg", "jpeg-444.jpg", "jpeg-progressive.jpg", "jpeg-grey.jpg", "png-rgb.png",
        "png-grey.png",
        "png-grey-1.png", "png-grey-2.png", "png-grey-4.png", "png-grey-16.png", "png-rgb-16.png", "png-rgba.png",
        "png-grey-alpha.png", "png-palette.png", "png-palette-transparent.png", "png-rgb-transparent.png",
        "png-gamma.png",
        "png-interlaced.png", "jpeg-cmyk.jpg", "jpeg-ycck.jpg", "jpeg-cmyk-unmarked.jpg", "jpeg-turned.jpg",
        "jpeg-1x1.jpg",
        "png-1x1.png", "jpeg-long.jpg", "png-long.png",
    ]

    @Test(arguments: names)
    func pixelsEqualPillows(_ name: String) throws {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: fixture("images/\(name)")))
        let expected = try NPY.read(fixture("images/\(name).npy"))
        #expect(try decoded(bytes).isIdentical(to: try expected.reshaped([1] + expected.shape)))
    }

    @Test(arguments: [
        "jpeg-420.jpg", "jpeg-progressive.jpg", "jpeg-grey.jpg", "png-rgb.png", "png-palette.png", "png-interlaced.png",
    ])
    func everyTruncationIsRefused(_ name: String) throws {
        let whole = try Data(contentsOf: URL(fileURLWithPath: fixture("images/\(name)")))
        // A JPEG's last two bytes mark its end; without them decoders still have all pixels.
        for length in stride(from: 0, to: whole.count - 2, by: 7) {
            let error = try #require(throws: CNNOptError.self) { try decoded(whole.prefix(length)) }
            #expect(error.code == .invalidData)
            #expect(error.location.file?.hasSuffix("x.img") == true)
        }
    }

    /// Any byte may change: the decoder gives pixels or a `CNNOptError`.
    @Test(arguments: ["jpeg-420.jpg", "jpeg-progressive.jpg", "png-palette-transparent.png", "png-grey-4.png"])
    func changedBytesAreReadOrRefused(_ name: String) throws {
        let whole = try Data(contentsOf: URL(fileURLWithPath: fixture("images/\(name)")))
        for position in whole.indices {
            var changed = whole
            changed[position] ^= 0x5A
            do {
                #expect(try decoded(changed).count > 0)
            } catch let error as CNNOptError {
                #expect([65, 69].contains(error.exitStatus))
            }
        }
    }

    @Test func bytesBeforeTheEndMarkerAreHarmless() throws {
        var bytes = try Data(contentsOf: URL(fileURLWithPath: fixture("images/jpeg-420.jpg")))
        bytes.insert(contentsOf: [1, 2, 3, 4, 5], at: bytes.count - 2)
        let expected = try NPY.read(fixture("images/jpeg-420.jpg.npy"))
        #expect(try decoded(bytes).isIdentical(to: try expected.reshaped([1] + expected.shape)))
    }

    /// 0.299 R + 0.587 G + 0.114 B of the pixels that Pillow decodes, in Pillow's fixed point.
    @Test(arguments: [
        "jpeg-420.jpg", "jpeg-cmyk.jpg", "jpeg-grey.jpg", "png-rgba.png", "png-palette.png", "png-grey-16.png",
    ])
    func everyKindBecomesGreyForAOneChannelInput(_ name: String) throws {
        let pixels = try NPY.read(fixture("images/\(name).npy"))
        let rgb = try pixels.array(of: UInt8.self).map(Int.init)
        let expected = stride(from: 0, to: rgb.count, by: 3).map { start -> Float in
            let red = 19_595 * rgb[start]
            let green = 38_470 * rgb[start + 1]
            let blue = 7_471 * rgb[start + 2]
            return Float((red + green + blue + 32_768) >> 16)
        }
        try withTemporaryFolder { folder in
            let file = folder.appendingPathComponent("x.png").path
            try FileManager.default.copyItem(atPath: fixture("images/\(name)"), toPath: file)
            let dataset = try ImageDataset.open(data: folder.path)
                .fitted(toInput: "x", shape: [nil, 1, pixels.shape[0], pixels.shape[1]], elementType: .float32)
            #expect(try dataset.batch(0..<1, threads: 1).array(of: Float.self) == expected)
        }
    }

    /// Twelve bits a sample are valid JPEG that few programs read.
    @Test func twelveBitsAreRefusedWithTheReason() throws {
        var bytes = try Data(contentsOf: URL(fileURLWithPath: fixture("images/jpeg-420.jpg")))
        let frame = try #require(bytes.firstRange(of: [0xFF, 0xC0]))
        bytes[frame.lowerBound + 4] = 12
        let error = #expect(throws: CNNOptError.self) { try decoded(bytes) }
        #expect(error?.code == .unsupported)
        #expect(error?.message == "the JPEG image cannot be decoded: Unsupported JPEG data precision 12")
    }

    /// A size is refused before memory is taken for it.
    @Test func hugeSizesAreRefused() throws {
        var jpeg = try Data(contentsOf: URL(fileURLWithPath: fixture("images/jpeg-420.jpg")))
        let frame = try #require(jpeg.firstRange(of: [0xFF, 0xC0]))
        jpeg.replaceSubrange(frame.lowerBound + 5..<frame.lowerBound + 9, with: [0xFF, 0xDC, 0xFF, 0xDC])
        // The header's checksum is left as it was for another size: it is rewritten for 500,000 x 500,000.
        let png = Data([
            0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52, 0, 7, 0xA1, 0x20, 0, 7,
            0xA1,
            0x20, 8, 2, 0, 0, 0,
        ])
        let checksum = crc32(png[12..<29])
        let whole =
            png + withUnsafeBytes(of: checksum.bigEndian) { Data($0) }
            + Data([0, 0, 0, 0, 0x49, 0x44, 0x41, 0x54, 0x35, 0xAF, 0x06, 0x1E])
        for bytes in [jpeg, whole] {
            let error = #expect(throws: CNNOptError.self) { try decoded(bytes) }
            #expect(error?.code == .invalidData)
            #expect(error?.message.contains("pixels") == true)
        }
    }

    @Test(arguments: [Data(), Data("hello".utf8), Data([0xFF, 0xD8, 0xFF])])
    func otherFilesAreRefused(_ bytes: Data) throws {
        let error = #expect(throws: CNNOptError.self) { try decoded(bytes) }
        #expect(error?.code == .invalidData)
    }

    /// Checksums of what Pillow decodes, from Fixtures/make_imagenet_sums.py.
    @Test(.enabled(if: SharedMaterial.isPresent, "../shared is absent"))
    func sharedPhotosEqualPillows() throws {
        let folder = try #require(SharedMaterial.path("data/imagenet"))
        let lines = try String(contentsOfFile: fixture("imagenet-crc32.txt"), encoding: .utf8).split(separator: "\n")
        let dataset = try ImageDataset.open(
            data: folder,
            preprocess: try Preprocess(parsing: "dtype=uint8,layout=nhwc")
        )
        #expect(dataset.count == lines.count)
        for (index, line) in lines.enumerated() where index % 5 == 0 {
            let image = try dataset.batch(index..<index + 1, threads: 1).array(of: UInt8.self)
            #expect(line.hasSuffix(String(format: " %08x", crc32(image))), "\(line)")
        }
    }

    private func decoded(_ bytes: Data) throws -> TensorData {
        try withTemporaryFolder { folder in
            try bytes.write(to: folder.appendingPathComponent("x.img"))
            let labels = folder.appendingPathComponent("labels.txt")
            try Data("x.img 0\n".utf8).write(to: labels)
            let settings = try Preprocess(parsing: "dtype=uint8,layout=nhwc")
            return try ImageDataset.open(data: folder.path, labels: labels.path, preprocess: settings)
                .batch(0..<1, threads: 1)
        }
    }
}

/// CRC-32 as zlib and PNG compute it.
func crc32(_ bytes: some Sequence<UInt8>) -> UInt32 {
    var sum: UInt32 = 0xFFFF_FFFF
    for byte in bytes {
        sum ^= UInt32(byte)
        for _ in 0..<8 { sum = sum & 1 == 1 ? (sum >> 1) ^ 0xEDB8_8320 : sum >> 1 }
    }
    return ~sum
}
