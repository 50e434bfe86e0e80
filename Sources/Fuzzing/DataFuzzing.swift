import CTurboJPEG
import Datasets
import Tensors

/// NumPy arrays, as tensors and as images.
package enum ArrayFuzzing: FuzzTarget {
    package static let name = "npy"
    package static let fileEnding: String? = ".npy"

    package static func seeds() throws(CNNOptError) -> [[UInt8]] {
        [
            array("|u1", "2, 3, 4, 4", bytes: 96), array("<f4", "2, 1, 3, 3", bytes: 72), array(">i8", "5,", bytes: 40),
            array("<f8", "", bytes: 8),
        ]
    }

    private static func array(_ type: String, _ shape: String, bytes: Int) -> [UInt8] {
        let header = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(shape)), }"
        let padding = 63 - (10 + header.utf8.count) % 64
        let text = Array(header.utf8) + [UInt8](repeating: 0x20, count: padding) + [0x0A]
        return [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0, UInt8(text.count & 255), UInt8(text.count >> 8)] + text
            + (0..<bytes).map { UInt8($0 & 255) }
    }

    package static func run(_ bytes: [UInt8], folder: String) throws(CNNOptError) {
        let path = try file("array.npy", bytes, in: folder)
        let tensor = try NPY.read(path)
        guard tensor.shape.count > 2, [.uint8, .float32].contains(tensor.elementType) else { return }
        try decode(path)
    }
}

/// JPEG images, above all their headers.
package enum JPEGFuzzing: FuzzTarget {
    package static let name = "jpeg"
    package static let fileEnding: String? = ".jpg"

    package static func seeds() throws(CNNOptError) -> [[UInt8]] {
        [encoded(TJSAMP_420, TJPF_RGB), encoded(TJSAMP_444, TJPF_RGB), encoded(TJSAMP_GRAY, TJPF_GRAY)].compactMap {
            $0
        }
    }

    /// A picture of 16 × 12 pixels.
    private static func encoded(_ subsampling: TJSAMP, _ format: TJPF) -> [UInt8]? {
        guard let encoder = tjInitCompress() else { return nil }
        defer { tjDestroy(encoder) }
        let channels = format == TJPF_GRAY ? 1 : 3
        let pixels = (0..<16 * 12 * channels).map { UInt8($0 * 7 & 255) }
        var (buffer, size): (UnsafeMutablePointer<UInt8>?, UInt) = (nil, 0)
        defer { tjFree(buffer) }
        let status = tjCompress2(
            encoder,
            pixels,
            16,
            0,
            12,
            format.rawValue,
            &buffer,
            &size,
            Int32(subsampling.rawValue),
            80,
            0
        )
        guard status == 0, let buffer else { return nil }
        return Array(UnsafeBufferPointer(start: buffer, count: Int(size)))
    }

    /// Most changes fall into the header: what follows is mere pixels.
    package static func mutated(_ seed: FuzzSeed, _ random: inout SeededGenerator) -> [UInt8] {
        guard random.index(below: 4) > 0, let header = headerEnd(seed.bytes) else {
            return ByteMutation.apply(to: seed.bytes, &random)
        }
        return ByteMutation.apply(to: Array(seed.bytes[..<header]), &random) + seed.bytes[header...]
    }

    /// Where the entropy-coded data begin: behind the start of scan.
    private static func headerEnd(_ bytes: [UInt8]) -> Int? {
        bytes.indices.dropLast().first { bytes[$0] == 0xFF && bytes[$0 + 1] == 0xDA }.map { min($0 + 14, bytes.count) }
    }

    package static func run(_ bytes: [UInt8], folder: String) throws(CNNOptError) {
        try decode(try file("image.jpg", bytes, in: "\(folder)/images"), from: "\(folder)/images")
    }
}

extension FuzzTarget {
    /// Reads the first images as a network would get them.
    fileprivate static func decode(_ path: String, from folder: String? = nil) throws(CNNOptError) {
        let images = try ImageDataset.open(data: folder ?? path)
        _ = try images.batch(0..<min(2, images.count), threads: 1)
    }
}
