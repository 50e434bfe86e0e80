import Foundation
import Tensors
import Testing

@testable import EntropyCoding

@Suite struct TokenModelTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var layout: TokenLayout
        var values: [Int64]
        var testDescription: String { name }
    }

    /// Integers of a bell-shaped distribution whose width differs from row to row.
    static func integers(
        _ count: Int,
        row: Int,
        width: Double,
        kernel: Int = 1,
        typical: Int = 3,
        isDependent: Bool = false,
        hasRawSigns: Bool = false
    ) -> Case {
        var random = SeededGenerator(seed: 3)
        let values = (0..<count).map { index -> Int64 in
            let scale = width * Double(1 + index / row % 5)
            let bell = (0..<4).reduce(0.0) { sum, _ in sum + Double(random.index(below: 2_001)) / 1_000 - 1 }
            return Int64((scale * bell).rounded())
        }
        let layout = TokenLayout(
            typicalLength: typical,
            rowLength: row,
            kernelLength: kernel,
            isDependent: isDependent,
            hasRawSigns: hasRawSigns
        )
        return Case(
            name: "\(count) integers of width \(width), typical length \(typical)",
            layout: layout,
            values: values
        )
    }

    static let cases = [
        integers(5_000, row: 64, width: 12), integers(4_100, row: 90, width: 0.2, kernel: 9, typical: 0),
        integers(1, row: 1, width: 10), integers(5_000, row: 64, width: 3, isDependent: true, hasRawSigns: true),
        integers(4_100, row: 90, width: 4, kernel: 9, typical: 2, isDependent: true),
        integers(3_000, row: 3_000, width: 4_000, typical: 12, hasRawSigns: true),
        // Typical lengths that are far off: escapes, and lower bits alone.
        integers(3_000, row: 50, width: 2_000_000, typical: 0), integers(3_000, row: 50, width: 3, typical: 32),
    ]

    @Test(arguments: cases) func decodesWhatWasEncoded(_ test: Case) {
        var encoder = RangeEncoder()
        _ = Self.run(test, 512, &encoder)
        let (coded, raw) = encoder.finish()
        let decoded = coded.withUnsafeBufferPointer { coded in
            raw.withUnsafeBufferPointer { raw in
                var decoder = RangeDecoder(coded: coded, raw: raw)
                return Self.run(test, 700, isEmpty: true, &decoder)
            }
        }
        #expect(decoded == test.values)
    }

    @Test func countsWhatTheCoderWrites() {
        let test = Self.integers(20_000, row: 128, width: 9)
        var (encoder, counter) = (RangeEncoder(), BitCounter())
        _ = Self.run(test, 512, &encoder)
        _ = Self.run(test, 512, &counter)
        let (coded, raw) = encoder.finish()
        let bits = Double(8 * (coded.count + raw.count))
        #expect(abs(counter.bits - bits) < 0.002 * bits)
    }

    /// Rows of different width are told apart: coding comes below the entropy of all numbers taken alike.
    @Test func contextsPay() {
        let test = Self.integers(100_000, row: 1_000, width: 2)
        var counts: [Int64: Int] = [:]
        for value in test.values { counts[value, default: 0] += 1 }
        let entropy = counts.values.reduce(0.0) { $0 - Double($1) * log2(Double($1) / 100_000) }
        var counter = BitCounter()
        _ = Self.run(test, 512, &counter)
        #expect(counter.bits < 0.97 * entropy)
    }

    /// Streams of noise decode to something, and whatever they say stays within what is coded.
    @Test(arguments: [0, 3, 32]) func noiseDecodesToNumbers(_ typicalLength: Int) {
        var random = SeededGenerator(seed: 5)
        let noise = (0..<4_000).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        let test = Self.integers(3_000, row: 77, width: 1, kernel: 7, typical: typicalLength)
        let values = noise.withUnsafeBufferPointer { noise in
            var decoder = RangeDecoder(coded: noise, raw: noise)
            return Self.run(test, 512, isEmpty: true, &decoder)
        }
        #expect(values.count == 3_000)
    }

    private static func run<Coder: EntropyCoder>(
        _ test: Case,
        _ capacity: Int,
        isEmpty: Bool = false,
        _ coder: inout Coder
    ) -> [Int64] {
        let (model, surroundings) = (TokenModel(), TokenSurroundings(test.layout))
        let batch = MagnitudeBatch(capacity: capacity)
        var found: [Int64] = []
        for first in stride(from: 0, to: test.values.count, by: capacity) {
            let count = min(capacity, test.values.count - first)
            for index in 0..<count { batch.integers[index] = isEmpty ? .min : test.values[first + index] }
            model.code(count, of: batch, in: surroundings, with: &coder)
            for index in 0..<count { found.append(batch.integers[index]) }
        }
        return found
    }
}

@Suite struct TokenAlphabetTests {
    @Test func everyMagnitudeHasOneToken() {
        var next = 0
        for token in 0..<TokenAlphabet.escape {
            #expect(Int(TokenAlphabet.firsts[token]) == next)
            next += 1 << Int(TokenAlphabet.widths[token])
        }
        #expect(next == TokenAlphabet.own && Int(TokenAlphabet.firsts[TokenAlphabet.escape]) == next)
        for magnitude in 0..<TokenAlphabet.own {
            let token = Int(TokenAlphabet.tokens[magnitude])
            let first = Int(TokenAlphabet.firsts[token])
            #expect((first..<first + 1 << Int(TokenAlphabet.widths[token])).contains(magnitude))
        }
    }
}

@Suite struct SymbolDistributionTests {
    private func whole(_ distribution: SymbolDistribution) -> [Int] {
        (0...SymbolDistribution.symbols).map { Int(distribution.cumulative[$0]) }
    }

    @Test func probabilitiesFollowWhatCame() {
        let distributions = SymbolDistributions(contexts: 4, kinds: 1)
        let own = distributions[1]
        for number in 0..<20_000 { own.learn(number % 4 == 0 ? 7 : 2) }
        let cumulative = whole(own)
        #expect(abs(Double(cumulative[3] - cumulative[2]) / 32_768 - 0.75) < 0.01)
        #expect(abs(Double(cumulative[8] - cumulative[7]) / 32_768 - 0.25) < 0.01)
        // What never came can still be coded.
        #expect(zip(cumulative, cumulative.dropFirst()).allSatisfy { $0 < $1 })
        #expect(cumulative.first == 0 && cumulative.last == 32_768)
    }

    /// A new context begins like the nearest one, of its own kind.
    @Test func newContextsBeginLikeTheirNeighbours() {
        let distributions = SymbolDistributions(contexts: 4, kinds: 2)
        for _ in 0..<500 {
            distributions[1].learn(3)
            distributions[4].learn(9)
        }
        let (same, other) = (whole(distributions[3]), whole(distributions[5]))
        #expect(same[4] - same[3] > 20_000 && other[10] - other[9] > 20_000)
    }

    @Test func theSymbolIsWhereTheShareFalls() {
        let distributions = SymbolDistributions(contexts: 2, kinds: 1)
        for number in 0..<300 {
            distributions[0].learn(number % 16)
            distributions[1].learn(number % 3)
        }
        let (one, other) = (distributions[0].cumulative, distributions[1].cumulative)
        for share in 0..<32_768 {
            let symbol = MixedDistribution.symbol(UInt16(share), one, other)
            guard MixedDistribution.below(symbol, one, other) <= UInt32(share),
                MixedDistribution.below(symbol + 1, one, other) > UInt32(share)
            else {
                Issue.record("\(share) is not in symbol \(symbol)")
                return
            }
        }
    }
}
