/// Packs bits into bytes, the least significant first.
struct RawBitWriter {
    private let bytes = GrowingBuffer<UInt8>()
    private var pending: UInt64 = 0
    private var pendingCount = 0

    /// Appends the lowest `count` bits, 0 to 56; the others have to be 0.
    @inline(__always)
    mutating func append(_ bits: UInt64, count: Int) {
        pending |= bits << UInt64(pendingCount)
        pendingCount += count
        while pendingCount >= 8 {
            bytes.append(UInt8(truncatingIfNeeded: pending))
            pending >>= 8
            pendingCount -= 8
        }
    }

    consuming func finish() -> [UInt8] {
        if pendingCount > 0 { bytes.append(UInt8(truncatingIfNeeded: pending)) }
        return Array(UnsafeBufferPointer(start: bytes.base, count: bytes.count))
    }
}

/// Reads what ``RawBitWriter`` wrote, and zeros behind it.
struct RawBitReader {
    private let base: UnsafePointer<UInt8>?
    private let byteCount: Int
    private var position = 0

    /// - Parameter bytes: have to outlive the reader.
    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        base = bytes.baseAddress
        byteCount = bytes.count
    }

    /// The next `count` bits, 0 to 56.
    @inline(__always)
    mutating func read(_ count: Int) -> UInt64 {
        let byte = position >> 3
        let shift = UInt64(position & 7)
        position &+= count
        let mask = (UInt64(1) << UInt64(count)) &- 1
        guard byte &+ 8 <= byteCount, let base else { return tail(byte) >> shift & mask }
        return UInt64(littleEndian: UnsafeRawPointer(base + byte).loadUnaligned(as: UInt64.self)) >> shift & mask
    }

    private func tail(_ byte: Int) -> UInt64 {
        guard let base, byte < byteCount else { return 0 }
        var word: UInt64 = 0
        for index in byte..<min(byteCount, byte + 8) { word |= UInt64(base[index]) << UInt64(8 * (index - byte)) }
        return word
    }
}
