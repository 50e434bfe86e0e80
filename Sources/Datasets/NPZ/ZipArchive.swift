import Tensors

/// A zip archive in a mapped file, as far as NumPy and its like write them: the directory at its end is read and checked,
/// members are reached when they are asked for (PKWARE: *APPNOTE.TXT, .ZIP File Format Specification*, 6.3.10).
struct ZipArchive {
    struct Member {
        let name: String
        let flags: Int
        let method: Int
        let checksum: UInt32
        /// Bytes in the archive.
        let storedSize: Int
        /// Bytes of the member itself.
        let size: Int
        /// Where its local header starts.
        let offset: Int
    }

    let members: [Member]
    private let file: MappedFile

    /// - Throws: `invalidData` with the byte offset where the directory is damaged; `unsupported` for archives of several
    ///   disks.
    init(_ file: MappedFile) throws(CNNOptError) {
        self.file = file
        members = try file.withBytes { (bytes) throws(CNNOptError) in try Self.directory(ZipBytes(bytes)) }
    }

    /// The bytes of a member; those that are stored as they are stay in the mapped file.
    /// - Throws: `unsupported` naming the method where it is encrypted or packed otherwise than by Deflate.
    func content(of member: Member) throws(CNNOptError) -> ArrayContent {
        // Bit 0 says that it is encrypted, bit 13 that its header is too.
        guard member.flags & 0x2001 == 0 else {
            throw CNNOptError(.unsupported, "it is encrypted", remedy: "save it without a password")
                .atByte(member.offset)
        }
        guard member.method == 0 || member.method == 8 else {
            let name = Self.methodNames[member.method].map { " (\($0))" } ?? ""
            throw CNNOptError(
                .unsupported,
                "it is compressed by zip method \(member.method)\(name); 0 (stored) and 8 (Deflate) are read",
                remedy: "save it with numpy.savez or numpy.savez_compressed"
            ).atByte(member.offset)
        }
        let start = try file.withBytes { (bytes) throws(CNNOptError) in
            let zip = ZipBytes(bytes)
            try zip.expect(0x0403_4B50, at: member.offset, "a member")
            // Sizes and checksum may stand behind the data instead: those of the directory count.
            let nameLength = try zip.number(2, at: member.offset + 26)
            let start = member.offset + 30 + nameLength + (try zip.number(2, at: member.offset + 28))
            guard try zip.text(nameLength, at: member.offset + 30) == member.name else {
                throw CNNOptError(.invalidData, "the member's own header gives it another name than the directory")
                    .atByte(member.offset + 30)
            }
            return start
        }
        guard let data = file.storage.slice(offset: start, byteCount: member.storedSize) else {
            throw CNNOptError(
                .invalidData,
                "\(member.storedSize) bytes of data are announced, but \(max(file.byteCount - start, 0)) are left in the file"
            ).atByte(start)
        }
        guard member.method == 8 || member.storedSize == member.size else {
            throw CNNOptError(
                .invalidData,
                "it is stored uncompressed, yet takes \(member.storedSize) bytes for \(member.size)"
            ).atByte(member.offset)
        }
        return ArrayContent(
            data,
            origin: start,
            compression: member.method == 8 ? Inflater.Wrapper.none : nil,
            promise: (member.size, member.checksum)
        )
    }

    private static let methodNames = [
        1: "Shrink", 6: "Implode", 9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard", 95: "xz", 99: "AES",
    ]
}
