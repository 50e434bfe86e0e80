import CZlib
import Tensors

/// zlib's decompressor over bytes in memory, read in pieces of any size.
final class Inflater {
    enum Wrapper {
        /// Deflate alone, as in zip archives (RFC 1951).
        case none
        /// One or more gzip members behind one another (RFC 1952); zlib checks their checksums and lengths.
        case gzip

        fileprivate var windowBits: Int32 { self == .gzip ? 15 + 16 : -15 }
    }

    private let stream: UnsafeMutablePointer<z_stream>
    private let input: UnsafeRawBufferPointer
    private let origin: Int
    private let wrapper: Wrapper
    /// How many bytes of the input were used.
    private var position = 0
    /// Whether the last member has ended.
    private var isAtEnd = false

    /// The most that zlib takes or gives in one call here; its counters have 32 bits.
    private static let largestPiece = 1 << 30

    /// - Parameters:
    ///   - input: has to outlive the inflater.
    ///   - origin: where the input starts in its file, for messages.
    init(_ input: UnsafeRawBufferPointer, _ wrapper: Wrapper, origin: Int) throws(CNNOptError) {
        self.input = input
        self.wrapper = wrapper
        self.origin = origin
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let size = Int32(MemoryLayout<z_stream>.size)
        guard inflateInit2_(stream, wrapper.windowBits, ZLIB_VERSION, size) == Z_OK else {
            throw CNNOptError(.inputOutput, "zlib could not start")
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// Fills the target, or as much of it as there is data for.
    /// - Returns: the number of bytes; fewer than asked for only where the data ends.
    /// - Throws: `invalidData` where the compressed data is damaged, ends early, or is followed by something else.
    func read(into target: UnsafeMutableRawBufferPointer) throws(CNNOptError) -> Int {
        var written = 0
        while written < target.count, !isAtEnd {
            let offered = min(input.count - position, Self.largestPiece)
            let room = min(target.count - written, Self.largestPiece)
            let source = input.bindMemory(to: UInt8.self).baseAddress
            stream.pointee.next_in = source.map { UnsafeMutablePointer(mutating: $0 + position) }
            stream.pointee.avail_in = UInt32(offered)
            stream.pointee.next_out = target.bindMemory(to: UInt8.self).baseAddress.map { $0 + written }
            stream.pointee.avail_out = UInt32(room)
            let status = inflate(stream, Z_NO_FLUSH)
            position += offered - Int(stream.pointee.avail_in)
            written += room - Int(stream.pointee.avail_out)
            switch status {
            case Z_OK: break
            case Z_STREAM_END: try finishMember()
            case Z_BUF_ERROR: throw failure("the compressed data is cut off")
            case Z_MEM_ERROR: throw CNNOptError(.inputOutput, "out of memory while inflating")
            default:
                let reason = stream.pointee.msg.map { String(cString: $0) } ?? "it needs a dictionary"
                throw failure("the compressed data is damaged: \(reason)")
            }
        }
        return written
    }

    private func finishMember() throws(CNNOptError) {
        let left = input.count - position
        guard left > 0 else {
            isAtEnd = true
            return
        }
        guard wrapper == .gzip, input[position...].starts(with: [0x1F, 0x8B]),
            inflateReset(stream) == Z_OK
        else {
            throw failure("the compressed data is followed by \(left) more byte\(left == 1 ? "" : "s")")
        }
    }

    private func failure(_ message: String) -> CNNOptError {
        CNNOptError(.invalidData, message).atByte(origin + position)
    }
}

/// The CRC-32 of bytes.
func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    UInt32(truncatingIfNeeded: crc32_z(0, bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count))
}
