import Foundation
import EntropyCoding
import Tensors
import Testing

@Suite struct MagnitudeModelTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var layout: MagnitudeLayout
        var numbers: [(number: UInt16, payload: UInt64)]
        var testDescription: String { name }
    }

    /// Integers of a bell-shaped distribution whose width differs from row to row.
    static func integers(_ count: Int, row: Int, width: Double, kernel: Int = 1, middle: Int = 0) -> Case {
        var random = SeededGenerator(seed: 3)
        var numbers: [(UInt16, UInt64)] = []
        for index in 0..<count {
            let scale = width * Double(1 + index / row % 5)
            let bell = (0..<4).reduce(0.0) { sum, _ in sum + Double(random.index(below: 2_001)) / 1_000 - 1 }
            let value = Int((scale * bell).rounded())
            let length = Int.bitWidth - value.magnitude.leadingZeroBitCount
            let fraction = length == 0 ? 0 : UInt64(value.magnitude) - 1 << UInt64(length - 1)
            numbers.append((UInt16(length), fraction << 1 | (value < 0 ? 1 : 0)))
        }
        let top = Int(numbers.map(\.0).max() ?? 0)
        let layout = MagnitudeLayout(
            top: top,
            middle: middle,
            hasZeros: middle == 0 && numbers.contains { $0.0 == 0 },
            zerosHaveSigns: false,
            widths: (0...top).map { UInt8(max(0, $0 - 1)) },
            rowLength: row,
            kernelLength: kernel
        )
        return Case(name: "\(count) integers, middle \(middle)", layout: layout, numbers: numbers)
    }

    /// Classes far apart, wide fractions, zeros with signs.
    static func wild(_ count: Int) -> Case {
        var random = SeededGenerator(seed: 11)
        let widths = (0...2_000).map { UInt8($0 % 57) }
        let numbers = (0..<count).map { _ -> (UInt16, UInt64) in
            let number = random.index(below: 4) == 0 ? 0 : random.index(below: 2_001)
            let width = number == 0 ? 0 : UInt64(widths[number])
            return (UInt16(number), (random.next() & ((1 << width) - 1)) << 1 | random.next() & 1)
        }
        let layout = MagnitudeLayout(
            top: 2_000,
            hasZeros: true,
            zerosHaveSigns: true,
            widths: widths,
            rowLength: 37,
            kernelLength: 9
        )
        return Case(name: "wild", layout: layout, numbers: numbers)
    }

    @Test(
        arguments: [
            integers(5_000, row: 64, width: 12, middle: 2), integers(4_100, row: 90, width: 0.4, middle: 7),
            integers(1, row: 1, width: 10), integers(5_000, row: 64, width: 12),
            integers(4_100, row: 90, width: 0.4, kernel: 9),
            integers(3_000, row: 3_000, width: 4_000), wild(3_000),
        ],
        [0, 2, 4]
    )
    func decodesWhatWasEncoded(_ test: Case, _ modelledBits: Int) {
        var encoder = RangeEncoder()
        Self.run(test, modelledBits, MagnitudeBatch(capacity: 512), &encoder) { _, _ in }
        let (coded, raw) = encoder.finish()
        var wrong = 0
        coded.withUnsafeBufferPointer { coded in
            raw.withUnsafeBufferPointer { raw in
                var decoder = RangeDecoder(coded: coded, raw: raw)
                Self.run(test, modelledBits, MagnitudeBatch(capacity: 700), isEmpty: true, &decoder) { index, found in
                    if found != test.numbers[index] { wrong += 1 }
                }
            }
        }
        #expect(wrong == 0)
    }

    /// The rate model agrees with the coder.
    @Test func countsWhatTheCoderWrites() {
        let test = Self.integers(20_000, row: 128, width: 9)
        var encoder = RangeEncoder()
        var counter = BitCounter()
        Self.run(test, 3, MagnitudeBatch(capacity: 512), &encoder) { _, _ in }
        Self.run(test, 3, MagnitudeBatch(capacity: 512), &counter) { _, _ in }
        let (coded, raw) = encoder.finish()
        let bits = Double(8 * (coded.count + raw.count))
        #expect(abs(counter.bits - bits) < 0.002 * bits)
    }

    /// Rows of different width are told apart: coding comes below the entropy of all numbers taken alike.
    @Test func contextsPay() {
        let test = Self.integers(100_000, row: 400, width: 6)
        var counts: [UInt64: Int] = [:]
        for number in test.numbers { counts[UInt64(number.number) << 48 | number.payload, default: 0] += 1 }
        let entropy = counts.values.reduce(0.0) { $0 - Double($1) * log2(Double($1) / 100_000) }
        var counter = BitCounter()
        Self.run(test, 3, MagnitudeBatch(capacity: 512), &counter) { _, _ in }
        #expect(counter.bits < 0.97 * entropy)
    }

    private static func run<Coder: EntropyCoder>(
        _ test: Case,
        _ modelledBits: Int,
        _ batch: MagnitudeBatch,
        isEmpty: Bool = false,
        _ coder: inout Coder,
        _ body: (Int, (UInt16, UInt64)) -> Void
    ) {
        let model = MagnitudeModel(modelledBits: modelledBits)
        let surroundings = MagnitudeSurroundings(test.layout)
        for first in stride(from: 0, to: test.numbers.count, by: batch.capacity) {
            let count = min(batch.capacity, test.numbers.count - first)
            for index in 0..<count {
                batch.classes[index] = isEmpty ? .max : test.numbers[first + index].number
                batch.payloads[index] = isEmpty ? .max : test.numbers[first + index].payload
            }
            model.code(count, of: batch, in: surroundings, with: &coder)
            for index in 0..<count { body(first + index, (batch.classes[index], batch.payloads[index])) }
        }
    }
}

@Suite struct ByteModelTests {
    @Test(arguments: [0, 1, 5, 300, 5_000])
    func decodesWhatWasEncoded(_ count: Int) {
        var random = SeededGenerator(seed: 5)
        var bytes = (0..<count).map { index in
            index % 7 == 0 ? UInt8(random.index(below: 256)) : UInt8(index % 50)
        }
        let original = bytes
        var encoder = RangeEncoder()
        bytes.withUnsafeMutableBufferPointer { ByteModel(byteCount: count).code($0, with: &encoder) }
        let (coded, _) = encoder.finish()
        bytes = [UInt8](repeating: 0xAA, count: count)
        coded.withUnsafeBufferPointer { coded in
            var decoder = RangeDecoder(coded: coded, raw: UnsafeBufferPointer(start: nil, count: 0))
            bytes.withUnsafeMutableBufferPointer { ByteModel(byteCount: count).code($0, with: &decoder) }
        }
        #expect(bytes == original)
    }

    @Test func repetitionsCostLittle() {
        var text = (0..<400).flatMap { "layer\($0 % 20)/conv/weight:0;".utf8 }
        var counter = BitCounter()
        let count = text.count
        text.withUnsafeMutableBufferPointer { ByteModel(byteCount: count).code($0, with: &counter) }
        #expect(counter.bits < 0.2 * Double(count))
    }
}
