import Tensors

extension ZipArchive {
    /// The members that the directory at the end of an archive lists.
    static func directory(_ zip: ZipBytes) throws(CNNOptError) -> [Member] {
        let end = try endRecord(zip)
        var disk = try zip.number(2, at: end + 4)
        var count = try zip.number(2, at: end + 10)
        var size = try zip.number(4, at: end + 12)
        var offset = try zip.number(4, at: end + 16)
        var limit = end
        if count == 0xFFFF || size == 0xFFFF_FFFF || offset == 0xFFFF_FFFF, end >= 20,
            try zip.number(4, at: end - 20) == 0x0706_4B50
        {
            // The numbers were too large for their fields: a second record has wider ones.
            let wide = try zip.number(8, at: end - 12)
            try zip.expect(0x0606_4B50, at: wide, "its 64-bit end record")
            disk = try zip.number(4, at: wide + 16)
            count = try zip.number(8, at: wide + 32)
            size = try zip.number(8, at: wide + 40)
            offset = try zip.number(8, at: wide + 48)
            limit = min(wide, end)
        }
        guard disk == 0 else {
            throw CNNOptError(.unsupported, "the archive is split over several files").atByte(end + 4)
        }
        guard offset <= limit, size <= limit - offset, count <= size / 46 else {
            throw CNNOptError(
                .invalidData,
                "the archive's directory of \(count) members in \(size) bytes at byte \(offset) does not fit into the file"
            ).atByte(end)
        }
        var members: [Member] = []
        var position = offset
        for _ in 0..<count {
            try zip.expect(0x0201_4B50, at: position, "an entry of its directory")
            let lengths = try [28, 30, 32].map { (field) throws(CNNOptError) in
                try zip.number(2, at: position + field)
            }
            let next = position + 46 + lengths.reduce(0, +)
            guard next <= offset + size else {
                throw CNNOptError(.invalidData, "the archive's directory is cut off").atByte(position)
            }
            members.append(try member(zip, position, nameLength: lengths[0], extraLength: lengths[1]))
            position = next
        }
        return members
    }

    /// Where the end record starts: it is the last thing in the file but for a comment.
    private static func endRecord(_ zip: ZipBytes) throws(CNNOptError) -> Int {
        for commentLength in 0...max(0, min(zip.count - 22, 0xFFFF)) where zip.count >= 22 {
            let start = zip.count - 22 - commentLength
            if try zip.number(4, at: start) == 0x0605_4B50, try zip.number(2, at: start + 20) == commentLength {
                return start
            }
        }
        throw CNNOptError(
            .invalidData,
            "the archive's directory, which stands at its end, is missing",
            remedy: "the file is damaged or was not written to its end"
        ).atByte(zip.count)
    }

    private static func member(
        _ zip: ZipBytes,
        _ start: Int,
        nameLength: Int,
        extraLength: Int
    ) throws(CNNOptError) -> Member {
        var sizes = try [24, 20, 42].map { (field) throws(CNNOptError) in try zip.number(4, at: start + field) }
        // Fields that are all ones have their numbers in the extra field with id 1, in this order.
        var position = start + 46 + nameLength
        let end = position + extraLength
        while sizes.contains(0xFFFF_FFFF), position + 4 <= end {
            let (id, length) = (try zip.number(2, at: position), try zip.number(2, at: position + 2))
            position += 4
            guard length <= end - position else { break }
            if id == 1 {
                var next = position
                for index in sizes.indices where sizes[index] == 0xFFFF_FFFF && next + 8 <= position + length {
                    sizes[index] = try zip.number(8, at: next)
                    next += 8
                }
                break
            }
            position += length
        }
        guard sizes[2] < zip.count else {
            throw CNNOptError(.invalidData, "a member at byte \(sizes[2]) lies outside of the file").atByte(start + 42)
        }
        return Member(
            name: try zip.text(nameLength, at: start + 46),
            flags: try zip.number(2, at: start + 8),
            method: try zip.number(2, at: start + 10),
            checksum: UInt32(truncatingIfNeeded: try zip.number(4, at: start + 16)),
            storedSize: sizes[1],
            size: sizes[0],
            offset: sizes[2]
        )
    }
}

/// Little-endian numbers of an archive; every access is checked.
struct ZipBytes {
    private let bytes: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var count: Int { bytes.count }

    /// A number of up to 8 bytes.
    func number(_ width: Int, at offset: Int) throws(CNNOptError) -> Int {
        try check(width, at: offset)
        var value: UInt64 = 0
        for index in (0..<width).reversed() { value = value << 8 | UInt64(bytes[offset + index]) }
        guard let result = Int(exactly: value) else {
            throw CNNOptError(.invalidData, "the archive has a size beyond 63 bits").atByte(offset)
        }
        return result
    }

    /// A name; bytes that are no UTF-8 are replaced.
    func text(_ length: Int, at offset: Int) throws(CNNOptError) -> String {
        try check(length, at: offset)
        return String(decoding: bytes[offset..<offset + length], as: UTF8.self)
    }

    /// The signature that a structure begins with.
    func expect(_ signature: Int, at offset: Int, _ what: String) throws(CNNOptError) {
        guard try number(4, at: offset) == signature else {
            throw CNNOptError(.invalidData, "the archive is damaged: \(what) was expected").atByte(offset)
        }
    }

    private func check(_ length: Int, at offset: Int) throws(CNNOptError) {
        guard offset >= 0, offset <= bytes.count, length <= bytes.count - offset else {
            throw CNNOptError(.invalidData, "the archive is cut off").atByte(min(max(offset, 0), bytes.count))
        }
    }
}
