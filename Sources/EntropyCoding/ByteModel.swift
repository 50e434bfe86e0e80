/// Codes bytes by context mixing (Mahoney 2005): each bit is predicted from the up to six bytes before it, from the word so far, and
/// from what followed the last occurrence of the present context; the predictions are mixed.
///
/// Slow for its ratio: meant for the small structured part of a file, whose bytes repeat names and patterns.
package final class ByteModel {
    /// Contexts whose estimates are mixed, the match among them.
    private static let inputs = 8
    private static let matchInput = 7
    /// Weight sets, by the length of the match.
    private static let sets = 9
    private static let longest = 32
    /// Length from which a match is believed: one decision for a byte instead of eight.
    private static let certain = 16
    private static let longestRun = 63
    /// Bytes that a match is looked up by.
    private static let matchMinimum = 5

    private let estimates: UnsafeMutablePointer<AdaptiveBit>
    private let matches: UnsafeMutablePointer<AdaptiveBit>
    /// Whether a match goes on, by its length: from ``certain`` on that is asked first.
    private let runs: UnsafeMutablePointer<AdaptiveBit>
    private let weights: UnsafeMutablePointer<Int32>
    private let blocks: UnsafeMutablePointer<UnsafeMutablePointer<AdaptiveBit>>
    private let places: UnsafeMutablePointer<Int>
    private let latest: UnsafeMutablePointer<Int32>
    /// Bits of an index into the estimates of one context.
    private let hashBits: UInt32

    /// - Parameter byteCount: how many bytes are going to be coded; the tables are made for them.
    package init(byteCount: Int) {
        let wanted = max(byteCount, 1)
        hashBits = UInt32(min(max(Int.bitWidth - wanted.leadingZeroBitCount, 12), 18))
        let slots = (Self.inputs - 1) << Int(hashBits)
        estimates = .allocate(capacity: slots)
        estimates.initialize(repeating: AdaptiveBit(), count: slots)
        matches = .allocate(capacity: 2 * (Self.longest + 1))
        matches.initialize(repeating: AdaptiveBit(), count: 2 * (Self.longest + 1))
        runs = .allocate(capacity: Self.longestRun + 1)
        runs.initialize(repeating: AdaptiveBit(), count: Self.longestRun + 1)
        weights = UnsafeMutableRawPointer.allocate(
            byteCount: Self.inputs * Self.sets * MemoryLayout<Int32>.stride,
            alignment: MemoryLayout<SIMD8<Int32>>.alignment
        ).bindMemory(to: Int32.self, capacity: Self.inputs * Self.sets)
        weights.initialize(repeating: 20_000, count: Self.inputs * Self.sets)
        blocks = .allocate(capacity: Self.inputs)
        blocks.initialize(repeating: estimates, count: Self.inputs)
        places = .allocate(capacity: Self.inputs)
        places.initialize(repeating: 0, count: Self.inputs)
        latest = .allocate(capacity: 1 << 16)
        latest.initialize(repeating: -1, count: 1 << 16)
    }

    deinit {
        estimates.deallocate()
        matches.deallocate()
        runs.deallocate()
        weights.deallocate()
        blocks.deallocate()
        places.deallocate()
        latest.deallocate()
    }

    /// Codes all bytes: reads them (an encoder, a counter) or writes them (a decoder).
    package func code<Coder: EntropyCoder>(_ bytes: UnsafeMutableBufferPointer<UInt8>, with coder: inout Coder) {
        coder.run(self, over: bytes)
    }

    /// The loop behind ``code(_:with:)``.
    @inline(__always)
    func loop<Coder: EntropyCoder>(_ bytes: UnsafeMutableBufferPointer<UInt8>, _ coder: inout Coder) {
        guard let base = bytes.baseAddress else { return }
        let tables = CodingTables()
        var match = -1
        var matchLength = 0
        for position in 0..<bytes.count {
            if position >= Self.matchMinimum {
                let slot = matchSlot(base, position)
                if matchLength == 0 { (match, matchLength) = find(base, position, Int(latest[slot])) }
                latest[slot] = Int32(truncatingIfNeeded: position)
            }
            if matchLength >= Self.certain {
                let isSame: UInt32 = base[position] == base[match] ? 1 : 0
                if runs[min(matchLength, Self.longestRun)].code(isSame, tables, &coder) != 0 {
                    base[position] = base[match]
                    matchLength = min(matchLength + 1, 1 << 16)
                    match += 1
                    continue
                }
                matchLength = 0
            }
            setContexts(base, position)
            let expected = matchLength > 0 ? UInt32(base[match]) | 0x100 : 0
            let byte = codeByte(UInt32(base[position]), expected, min(matchLength, Self.longest), tables, &coder)
            base[position] = UInt8(truncatingIfNeeded: byte)
            if matchLength > 0, base[match] == base[position] {
                matchLength = min(matchLength + 1, 1 << 16)
                match += 1
            } else {
                matchLength = 0
            }
        }
    }

    private func matchSlot(_ base: UnsafeMutablePointer<UInt8>, _ position: Int) -> Int {
        var hash: UInt32 = 0
        for back in 1...Self.matchMinimum { hash = (hash &+ UInt32(base[position - back]) &+ 1) &* 0x2F0B_4C47 }
        return Int(hash >> 16)
    }

    /// An earlier place with the same bytes before it, and how many are the same.
    private func find(_ base: UnsafeMutablePointer<UInt8>, _ position: Int, _ candidate: Int) -> (Int, Int) {
        guard candidate > 0 else { return (-1, 0) }
        var length = 0
        while length < Self.longest, length < candidate, base[candidate - 1 - length] == base[position - 1 - length] {
            length += 1
        }
        return length >= Self.matchMinimum ? (candidate, length) : (-1, 0)
    }

    private func setContexts(_ base: UnsafeMutablePointer<UInt8>, _ position: Int) {
        var hash: UInt32 = 0
        var order = 0
        places[0] = 0
        for back in 1...6 {
            let byte = position >= back ? UInt32(base[position - back]) &+ 1 : 0
            hash = (hash &+ byte) &* 0x9E37_79B1 ^ hash >> 15
            if back == 5 { continue }
            order += 1
            places[order] = Int(((hash &+ UInt32(back)) &* 0x85EB_CA6B) >> (32 - hashBits))
        }
        // The word so far: letters and digits.
        var word: UInt32 = 0
        var back = 1
        while back <= 24, position >= back {
            let byte = base[position - back]
            guard byte >= 0x30, byte < 0x80 else { break }
            word = (word &+ UInt32(byte)) &* 0x2545_F491
            back += 1
        }
        places[6] = Int(((word ^ word >> 13) &* 0x9E37_79B1) >> (32 - hashBits))
    }

    /// Codes one byte, the highest bit first.
    /// - Parameter expected: what the match predicts, with bit 8 set; 0 without a match.
    @inline(__always)
    private func codeByte<Coder: EntropyCoder>(
        _ byte: UInt32,
        _ expected: UInt32,
        _ length: Int,
        _ tables: CodingTables,
        _ coder: inout Coder
    ) -> UInt32 {
        var byteNode = 1
        for half in 0..<2 {
            setBlocks(half == 0 ? 0 : byteNode)
            var node = 1
            for step in 0..<4 {
                let shift = UInt32(7 &- 4 &* half &- step)
                // A match counts as long as it predicted all bits of this byte.
                let isMatching = expected != 0 && Int(expected >> (shift + 1)) == byteNode
                let predicted = expected >> shift & 1
                let match = matches + (isMatching ? 2 * length + Int(predicted) : 0)
                let set = UnsafeMutableRawPointer(
                    weights + Self.inputs * (isMatching ? min(1 + length / 4, Self.sets - 1) : 0)
                )
                var logits = SIMD8<Int32>()
                for input in 0..<Self.matchInput {
                    logits[input] = Int32(tables.stretch[Int(blocks[input][node].mean >> 4)])
                }
                logits[Self.matchInput] = isMatching ? Int32(tables.stretch[Int(match.pointee.mean >> 4)]) : 0
                let mixing = set.load(as: SIMD8<Int32>.self)
                let probability = Self.probability(mixing &* logits, tables)
                let bit = coder.code(byte >> shift & 1, one: probability)
                let error = Int32(bitPattern: bit << 16) &- Int32(bitPattern: probability)
                let moved = mixing &+ (logits &* error &+ 8_192) &>> 14
                set.storeBytes(
                    of: moved.clamped(lowerBound: SIMD8(repeating: -524_288), upperBound: SIMD8(repeating: 524_288)),
                    as: SIMD8<Int32>.self
                )
                for input in 0..<Self.matchInput { blocks[input][node].learn(bit, tables.rates) }
                if isMatching { match.pointee.learn(bit, tables.rates) }
                node = node << 1 | Int(bit)
                byteNode = byteNode << 1 | Int(bit)
            }
        }
        return UInt32(byteNode & 0xFF)
    }

    /// The probability of a 1 by the sum of the weighted logits, in units of 2⁻¹⁶.
    @inline(__always)
    private static func probability(_ products: SIMD8<Int32>, _ tables: CodingTables) -> UInt32 {
        let sums =
            SIMD4<Int64>(truncatingIfNeeded: products.lowHalf) &+ SIMD4<Int64>(truncatingIfNeeded: products.highHalf)
        let largest = Int64(Logistic.largest)
        let logit = min(max((sums[0] &+ sums[1] &+ sums[2] &+ sums[3]) >> 16, -largest), largest)
        return UInt32(tables.squash[Int(logit) &+ 2_048])
    }

    /// The estimates of the next four bits, a block of 16 in each input's table.
    /// - Parameter node: 0 at the first bit of a byte; else 16 and the upper four bits.
    @inline(__always)
    private func setBlocks(_ node: Int) {
        let mask = (1 << (Int(hashBits) - 4)) - 1
        for input in 0..<Self.matchInput {
            let block = (places[input] >> 4 ^ (node &* 0x2C3B)) & mask
            blocks[input] = estimates + (input << Int(hashBits) | block << 4)
        }
    }
}
