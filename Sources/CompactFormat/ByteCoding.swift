import CZlib
import EntropyCoding
import Tensors

/// How bytes are coded that no model of numbers takes: the skeleton, the index, tensors of odd kinds.
package enum ByteCoding {
    /// The most that context mixing is used for: it takes about a microsecond a byte.
    static let largestMixed = 1 << 20
    /// What deflate can make of one byte at most.
    static let largestRatio = 1_032

    /// The smallest of the codings.
    /// - Parameter mixing: whether to try context mixing.
    static func encode(_ bytes: UnsafeRawBufferPointer, mixing: Bool) -> (CompactIndex.Method, [UInt8]) {
        var best = (CompactIndex.Method.stored, Array(bytes))
        let deflated = deflate(bytes, level: 9)
        if deflated.count < best.1.count { best = (.deflated, deflated) }
        if mixing, bytes.count <= largestMixed {
            let mixed = mix(bytes)
            if mixed.count < best.1.count { best = (.mixed, mixed) }
        }
        return best
    }

    static func deflate(_ bytes: UnsafeRawBufferPointer, level: Int32) -> [UInt8] {
        let source = bytes.bindMemory(to: UInt8.self)
        let bound = Int(compressBound(uLong(bytes.count)))
        return [UInt8](unsafeUninitializedCapacity: bound) { buffer, count in
            var length = uLongf(bound)
            let status = compress2(buffer.baseAddress, &length, source.baseAddress, uLong(bytes.count), level)
            count = status == Z_OK ? Int(length) : 0
            // Never in memory of this size; stored is then what is left.
            if status != Z_OK { count = bound }
        }
    }

    private static func mix(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        let copy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bytes.count)
        defer { copy.deallocate() }
        _ = copy.initialize(from: bytes)
        var encoder = RangeEncoder()
        ByteModel(byteCount: bytes.count).code(copy, with: &encoder)
        return encoder.finish().coded
    }

    /// Whether so many bytes can come of so many coded ones. It is asked before memory is taken.
    static func isPossible(_ method: CompactIndex.Method, decoded: Int, coded: Int) -> Bool {
        switch method {
        case .stored: decoded == coded
        case .deflated: decoded <= (coded + 1) * largestRatio
        case .mixed: decoded <= largestMixed
        case .magnitudes, .tokens: false
        }
    }

    /// Decodes into memory of the right size.
    /// - Returns: whether the coded bytes are sound.
    static func decode(
        _ coded: UnsafeRawBufferPointer,
        _ method: CompactIndex.Method,
        into target: UnsafeMutableRawBufferPointer
    ) -> Bool {
        let source = coded.bindMemory(to: UInt8.self)
        switch method {
        case .stored:
            guard coded.count == target.count else { return false }
            target.copyMemory(from: coded)
            return true
        case .deflated:
            var length = uLongf(target.count)
            // zlib wants a place to write to, even for nothing.
            var nothing: UInt8 = 0
            let status = withUnsafeMutablePointer(to: &nothing) { spare in
                uncompress(
                    target.bindMemory(to: UInt8.self).baseAddress ?? spare,
                    &length,
                    source.baseAddress,
                    uLong(coded.count)
                )
            }
            return status == Z_OK && Int(length) == target.count
        case .mixed:
            guard target.count <= largestMixed else { return false }
            var decoder = RangeDecoder(coded: source, raw: UnsafeBufferPointer(start: nil, count: 0))
            ByteModel(byteCount: target.count).code(target.bindMemory(to: UInt8.self), with: &decoder)
            return true
        case .magnitudes, .tokens: return false
        }
    }

    /// zlib's CRC-32.
    package static func checksum(_ bytes: UnsafeRawBufferPointer, after earlier: UInt32 = 0) -> UInt32 {
        guard let base = bytes.bindMemory(to: UInt8.self).baseAddress else { return earlier }
        return UInt32(truncatingIfNeeded: crc32_z(uLong(earlier), base, bytes.count))
    }
}
