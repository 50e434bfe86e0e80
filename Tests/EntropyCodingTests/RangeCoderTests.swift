import EntropyCoding
import Tensors
import Testing

@Suite struct RangeCoderTests {
    /// Decisions of every probability, raw bits of every length between them.
    @Test(arguments: [0, 1, 2, 100, 20_000])
    func decodesWhatWasEncoded(_ count: Int) {
        var random = SeededGenerator(seed: UInt64(count))
        var decisions: [(bit: UInt32, one: UInt32, raw: UInt64, length: Int)] = []
        for _ in 0..<count {
            let one = [1, 32, 20_000, 65_504, 65_535][random.index(below: 5)]
            let bit: UInt32 = random.index(below: 65_536) < one ? 1 : 0
            let length = random.index(below: 57)
            decisions.append((bit, UInt32(one), random.next() & ((1 << UInt64(length)) - 1), length))
        }
        var encoder = RangeEncoder()
        for decision in decisions {
            _ = encoder.code(decision.bit, one: decision.one)
            _ = encoder.codeRaw(decision.raw, count: decision.length)
        }
        let (coded, raw) = encoder.finish()
        coded.withUnsafeBufferPointer { coded in
            raw.withUnsafeBufferPointer { raw in
                var decoder = RangeDecoder(coded: coded, raw: raw)
                for decision in decisions {
                    #expect(decoder.code(0, one: decision.one) == decision.bit)
                    #expect(decoder.codeRaw(0, count: decision.length) == decision.raw)
                }
            }
        }
    }

    /// Improbable zeros in a row keep the interval's lower end full of ones, so that carries run far back.
    @Test func carriesRunBack() {
        for prefix in 0..<40 {
            let bits = [UInt32](repeating: 0, count: prefix) + [UInt32](repeating: 1, count: 3_000) + [0, 0, 0, 1]
            var encoder = RangeEncoder()
            for bit in bits { _ = encoder.code(bit, one: 1) }
            let (coded, _) = encoder.finish()
            coded.withUnsafeBufferPointer { coded in
                var decoder = RangeDecoder(coded: coded, raw: UnsafeBufferPointer(start: nil, count: 0))
                #expect(bits.map { _ in decoder.code(0, one: 1) } == bits)
            }
        }
    }

    @Test func costsWhatProbabilitiesSay() {
        var encoder = RangeEncoder()
        var counter = BitCounter()
        var random = SeededGenerator(seed: 7)
        for _ in 0..<50_000 {
            let bit: UInt32 = random.index(below: 10) == 0 ? 1 : 0
            _ = encoder.code(bit, one: 6_554)
            _ = counter.code(bit, one: 6_554)
        }
        let bits = Double(8 * encoder.finish().coded.count)
        // The entropy of a decision of probability 0.1 is 0.469 bits.
        #expect(abs(bits - counter.bits) < 0.001 * bits)
        #expect(abs(bits / 50_000 - 0.469) < 0.02)
    }

    @Test func aShortStreamIsReadAsZeros() {
        var decoder = RangeDecoder(
            coded: UnsafeBufferPointer(start: nil, count: 0),
            raw: UnsafeBufferPointer(start: nil, count: 0)
        )
        for _ in 0..<100 {
            #expect(decoder.code(0, one: 32_768) == 1)
            #expect(decoder.codeRaw(0, count: 56) == 0)
        }
    }
}
