import Tensors

/// The frame of a compact file: what lies before the sections.
package enum CompactFile {
    /// The largest model file that is packed, in bytes: protobuf's limit.
    package static let largestModel = Int(Int32.max)
    /// The largest index, in bytes.
    static let largestIndex = 1 << 26

    /// Not text, and damaged by transfers that take it for text.
    static let magic: [UInt8] = [0x89, 0x43, 0x4E, 0x5A, 0x0D, 0x0A, 0x1A, 0x0A]
    static let version: UInt16 = 1
    /// Bytes before the coded index: the magic number, version and method (16 bits each), the index's size decoded and coded,
    /// and the checksum of these and the coded index (32 bits each), little-endian.
    static let headBytes = 24

    /// The numbers that one byte of a section may become: more is refused before memory is taken.
    static let numbersPerByte = 8_192

    static func mayHold(_ numbers: Int, in byteCount: Int) -> Bool { numbers <= (byteCount + 64) * numbersPerByte }

    /// The bytes before the sections.
    /// - Parameters:
    ///   - message: the serialised index.
    ///   - mixing: false to leave out context mixing.
    package static func head(_ message: [UInt8], mixing: Bool = true) -> [UInt8] {
        let (method, coded) = message.withUnsafeBytes { ByteCoding.encode($0, mixing: mixing) }
        var fields: [UInt8] = []
        append(UInt64(version), 2, to: &fields)
        append(UInt64(method.rawValue), 2, to: &fields)
        append(UInt64(message.count), 4, to: &fields)
        append(UInt64(coded.count), 4, to: &fields)
        let checksum = (fields + coded).withUnsafeBytes { ByteCoding.checksum($0) }
        append(UInt64(checksum), 4, to: &fields)
        return magic + fields + coded
    }

    private static func append(_ value: UInt64, _ count: Int, to bytes: inout [UInt8]) {
        for place in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * place))) }
    }

    /// Reads the index.
    /// - Returns: the index and where the first section begins.
    /// - Throws: `invalidModel`, or `unsupported` for versions of the future.
    package static func index(_ bytes: UnsafeRawBufferPointer) throws(CNNOptError) -> (CompactIndex, Int) {
        guard bytes.count >= headBytes, bytes.prefix(magic.count).elementsEqual(magic) else {
            throw CNNOptError(
                .invalidModel,
                "not a compact model file: it does not begin like one",
                remedy: "the file is damaged, or it is of another kind"
            )
        }
        func number(_ place: Int, _ count: Int) -> Int {
            (0..<count).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * $1) }
        }
        guard number(8, 2) == Int(version) else {
            throw CNNOptError(
                .unsupported,
                "version \(number(8, 2)) of the compact format; this build knows version \(version)"
            )
        }
        let (decoded, coded) = (number(12, 4), number(16, 4))
        guard coded <= bytes.count - headBytes else {
            throw CompactIndex.broken("it has \(coded) bytes, but only \(bytes.count - headBytes) are there")
        }
        let body = UnsafeRawBufferPointer(rebasing: bytes[headBytes..<headBytes + coded])
        let checksum = ByteCoding.checksum(
            body,
            after: ByteCoding.checksum(UnsafeRawBufferPointer(rebasing: bytes[magic.count..<20]))
        )
        guard checksum == UInt32(number(20, 4)) else { throw CompactIndex.broken("its checksum does not match") }
        guard let method = CompactIndex.Method(rawValue: UInt32(number(10, 2))), !method.isOfNumbers else {
            throw CNNOptError(
                .unsupported,
                "the index is coded by method \(number(10, 2)), which this build does not know"
            )
        }
        guard decoded <= largestIndex, ByteCoding.isPossible(method, decoded: decoded, coded: coded) else {
            throw CompactIndex.broken("\(decoded) bytes cannot come of \(coded)")
        }
        let message = try TensorStorage.allocate(byteCount: decoded)
        let target = UnsafeMutableRawBufferPointer(start: message.base, count: decoded)
        guard ByteCoding.decode(body, method, into: target) else { throw CompactIndex.broken("it cannot be decoded") }
        let index = try CompactIndex(serialized: UnsafeRawBufferPointer(target))
        _ = consume message
        return (index, headBytes + coded)
    }
}
