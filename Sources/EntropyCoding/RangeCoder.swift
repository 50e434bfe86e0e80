/// A range encoder (Martin 1979) with a 64-bit interval that is carried on 32 bits at a time. A carry runs back
/// into the bytes that are already out. Bits without a model go into a stream of their own, least significant first.
package struct RangeEncoder: EntropyCoder {
    private var low: UInt64 = 0
    private var range = UInt64.max
    private let words = GrowingBuffer<UInt32>()
    private var raw = RawBitWriter()

    package init() {}

    @inline(__always)
    package mutating func code(_ bit: UInt32, one: UInt32) -> UInt32 {
        let bound = (range >> 16) &* UInt64(one)
        if bit != 0 {
            range = bound
        } else {
            raise(bound)
            range &-= bound
        }
        renormalize()
        return bit
    }

    @inline(__always)
    package mutating func code(_ symbol: Int, _ one: UnsafePointer<UInt16>, _ other: UnsafePointer<UInt16>) -> Int {
        let unit = range >> 15
        let below = MixedDistribution.below(symbol, one, other)
        raise(unit &* UInt64(below))
        range = unit &* UInt64(MixedDistribution.below(symbol &+ 1, one, other) &- below)
        renormalize()
        return symbol
    }

    /// Moves the interval's lower end up.
    @inline(__always)
    private mutating func raise(_ distance: UInt64) {
        let (sum, carry) = low.addingReportingOverflow(distance)
        low = sum
        if carry { Self.propagate(words) }
    }

    @inline(__always)
    private mutating func renormalize() {
        guard range < 1 << 32 else { return }
        words.append(UInt32(truncatingIfNeeded: low >> 32))
        low <<= 32
        range <<= 32
    }

    @inline(__always)
    package mutating func codeRaw(_ bits: UInt64, count: Int) -> UInt64 {
        raw.append(bits, count: count)
        return bits
    }

    @inline(never)
    private static func propagate(_ words: GrowingBuffer<UInt32>) {
        var index = words.count - 1
        while index >= 0 {
            words.base[index] &+= 1
            if words.base[index] != 0 { return }
            index -= 1
        }
    }

    /// Ends the stream.
    /// - Returns: the coded bytes and the raw bits. The coded bytes end where a decoder that reads zeros behind them
    ///   still decodes the same.
    package consuming func finish() -> (coded: [UInt8], raw: [UInt8]) {
        // Of the numbers in the interval, the one with the most zero bytes at its end.
        var value = low
        var carry = false
        for zeros in stride(from: UInt64(56), through: 0, by: -8) {
            let mask = (UInt64(1) << zeros) - 1
            let (sum, overflow) = low.addingReportingOverflow(mask)
            let candidate = sum & ~mask
            if candidate &- low < range {
                value = candidate
                carry = overflow
                break
            }
        }
        if carry { Self.propagate(words) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(words.count * 4 + 8)
        for word in UnsafeBufferPointer(start: words.base, count: words.count) {
            for shift in stride(from: UInt32(24), through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> shift))
            }
        }
        for shift in stride(from: UInt64(56), through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> shift))
        }
        while bytes.last == 0 { bytes.removeLast() }
        return (bytes, raw.finish())
    }
}

/// Reads what ``RangeEncoder`` wrote. Behind the end of either stream it reads zeros: whether the result is right is for a
/// checksum to say.
package struct RangeDecoder: EntropyCoder {
    private var range = UInt64.max
    /// How far the coded number lies above the interval's lower end.
    private var offset: UInt64
    private var next: UnsafePointer<UInt8>
    private let end: UnsafePointer<UInt8>
    private var raw: RawBitReader

    /// - Parameters: the two streams; they have to outlive the decoder.
    package init(coded: UnsafeBufferPointer<UInt8>, raw: UnsafeBufferPointer<UInt8>) {
        let start = coded.baseAddress ?? Self.nothing.base
        next = start
        end = start + coded.count
        offset = 0
        self.raw = RawBitReader(raw)
        offset = UInt64(word()) << 32
        offset |= UInt64(word())
    }

    private static let nothing = SharedTable<UInt8>([0])

    @inline(__always)
    package mutating func code(_ bit: UInt32, one: UInt32) -> UInt32 {
        let bound = (range >> 16) &* UInt64(one)
        // Without a branch: half of the bits are as good as noise, and a processor would guess them wrong.
        let bit: UInt32 = offset < bound ? 1 : 0
        let keep = 0 &- UInt64(bit)
        let rest = range &- bound
        range = rest ^ ((rest ^ bound) & keep)
        offset &-= bound & ~keep
        renormalize()
        return bit
    }

    @inline(__always)
    package mutating func code(_ symbol: Int, _ one: UnsafePointer<UInt16>, _ other: UnsafePointer<UInt16>) -> Int {
        let unit = range >> 15
        // Broken streams and the last unit lead beyond the whole.
        let share = UInt16(truncatingIfNeeded: min(offset / unit, UInt64(SymbolDistribution.whole) &- 1))
        let symbol = MixedDistribution.symbol(share, one, other)
        let below = MixedDistribution.below(symbol, one, other)
        offset &-= unit &* UInt64(below)
        range = unit &* UInt64(MixedDistribution.below(symbol &+ 1, one, other) &- below)
        renormalize()
        return symbol
    }

    @inline(__always)
    private mutating func renormalize() {
        guard range < 1 << 32 else { return }
        range <<= 32
        offset = offset << 32 | UInt64(word())
    }

    @inline(__always)
    package mutating func codeRaw(_ bits: UInt64, count: Int) -> UInt64 { raw.read(count) }

    /// The coder's state stays in registers as long as nothing that takes its address is called.
    @inline(__always)
    private mutating func word() -> UInt32 {
        let left = end - next
        let word =
            left >= 4
            ? UInt32(bigEndian: UnsafeRawPointer(next).loadUnaligned(as: UInt32.self)) : Self.tail(next, left)
        next += min(left, 4)
        return word
    }

    /// The last bytes, and zeros behind them.
    @inline(never)
    private static func tail(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 << 8 | ($1 < count ? UInt32(bytes[$1]) : 0) }
    }
}
