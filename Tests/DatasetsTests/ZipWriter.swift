import Foundation

/// Writes zip archives that may be wrong in any field.
struct ZipWriter {
    struct Member {
        var name: String
        var data: Data
        var method: UInt16 = 0
        var flags: UInt16 = 0
        /// What the directory says; nil for what is true.
        var checksum: UInt32?
        var size: UInt64?
        var storedSize: UInt64?
        var offset: UInt64?
        /// The name in the member's own header.
        var localName: String?
        /// Whether sizes and offset stand in the field for 64 bits.
        var isWide = false
    }

    var members: [Member]
    var comment = Data()
    /// Whether the end record is the one for 64 bits.
    var isWide = false
    var disk: UInt16 = 0
    /// What the end record says; nil for what is true.
    var count: UInt64?
    var directorySize: UInt64?
    var directoryOffset: UInt64?

    var bytes: Data {
        var out = Data()
        var directory = Data()
        for member in members {
            let start = UInt64(out.count)
            let local = member.localName ?? member.name
            // Sizes and checksum of the own header are left at zero, as where they stand behind the data.
            out += number(0x0403_4B50, 4) + number(20, 2) + number(UInt64(member.flags), 2)
            out +=
                number(UInt64(member.method), 2) + Data(count: 16) + number(UInt64(local.utf8.count), 2) + number(4, 2)
            out += Data(local.utf8) + number(0x7777, 2) + number(0, 2) + member.data
            let size = member.size ?? UInt64(member.data.count)
            let stored = member.storedSize ?? UInt64(member.data.count)
            let offset = member.offset ?? start
            let extra =
                number(0x5455, 2) + number(1, 2) + number(0, 1)
                + (member.isWide
                    ? number(1, 2) + number(24, 2) + number(size, 8) + number(stored, 8) + number(offset, 8) : Data())
            directory += number(0x0201_4B50, 4) + number(20, 2) + number(20, 2) + number(UInt64(member.flags), 2)
            directory += number(UInt64(member.method), 2) + Data(count: 4)
            directory += number(UInt64(member.checksum ?? crc32(member.data)), 4)
            directory += number(member.isWide ? .max : stored, 4) + number(member.isWide ? .max : size, 4)
            directory += number(UInt64(member.name.utf8.count), 2) + number(UInt64(extra.count), 2) + number(2, 2)
            directory += Data(count: 8) + number(member.isWide ? .max : offset, 4)
            directory += Data(member.name.utf8) + extra + Data("ok".utf8)
        }
        let start = UInt64(out.count)
        out += directory
        let (count, size, offset) = (
            count ?? UInt64(members.count), directorySize ?? UInt64(directory.count), directoryOffset ?? start
        )
        if isWide {
            let wide = UInt64(out.count)
            out += number(0x0606_4B50, 4) + number(44, 8) + number(45, 2) + number(45, 2) + number(UInt64(disk), 4)
            out += number(0, 4) + number(count, 8) + number(count, 8) + number(size, 8) + number(offset, 8)
            out += number(0x0706_4B50, 4) + number(0, 4) + number(wide, 8) + number(1, 4)
        }
        out += number(0x0605_4B50, 4) + number(UInt64(disk), 2) + number(0, 2)
        for _ in 0..<2 { out += number(isWide ? .max : count, 2) }
        out += number(isWide ? .max : size, 4) + number(isWide ? .max : offset, 4)
        return out + number(UInt64(comment.count), 2) + comment
    }

    private func number(_ value: UInt64, _ width: Int) -> Data {
        Data((0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) })
    }
}
