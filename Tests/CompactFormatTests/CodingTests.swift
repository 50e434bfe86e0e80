import CompactFormat
import TestSupport
import Tensors
import Testing

/// Tensors of every kind come back, and are coded the way that suits them.
@Suite struct CodingTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var dims: [Int]
        var type: ElementType
        var data: [UInt8]
        var coding: CompactIndex.Coding?
        var testDescription: String { name }

        init(_ name: String, _ dims: [Int], _ type: ElementType, _ data: [UInt8], _ coding: CompactIndex.Coding? = nil)
        {
            (self.name, self.dims, self.type, self.data, self.coding) = (name, dims, type, data, coding)
        }
    }

    static let cases: [Case] = {
        var random = SeededGenerator(seed: 4)
        let floats = bell(6_000)
        let halves = floats.map { Float16($0) }
        let grid = floats.map { ($0 * 300).rounded() * 0.0123 + 0 }
        let few = floats.map { [Float(0.1), .pi, -3.7e20, 55][Int(abs($0 * 1_000)) % 4] }
        let odd: [Float] = [.nan, .infinity, -.infinity, -0.0, 0, .leastNonzeroMagnitude, .greatestFiniteMagnitude, -1]
        let small = floats.map { Int8(max(-127, min(127, $0 * 400))) }
        let noise = (0..<6_000).map { _ in UInt8(random.index(below: 256)) }
        let patterns = (0..<3_000).map { _ in Float(bitPattern: UInt32(truncatingIfNeeded: random.next())) }
        let nibbles = (0..<3_000).map {
            UInt8(bitPattern: small[2 * $0] / 16) & 0xF | UInt8(bitPattern: small[2 * $0 + 1] / 16) << 4
        }
        let doubles = (0..<3_000).map { Double(floats[$0]) * 1.000_000_1 / 3 }
        return [
            Case("float32", [60, 100], .float32, bytes(floats), .floats),
            Case("float32, kernels", [20, 100, 3], .float32, bytes(floats), .floats),
            Case("float32 from float16", [60, 100], .float32, bytes(halves.map(Float.init)), .floats),
            Case("float16", [60, 100], .float16, bytes(halves), .floats),
            Case("bfloat16", [60, 100], .bfloat16, bytes(floats.map { UInt16($0.bitPattern >> 16) }), .floats),
            Case("float64", [30, 100], .float64, bytes(doubles), .floats),
            Case("grid", [60, 100], .float32, bytes(grid), .grid),
            Case("few values", [60, 100], .float32, bytes(few), .table),
            Case("odd values", [800], .float32, bytes((0..<100).flatMap { _ in odd.shuffled(using: &random) })),
            Case(
                "mostly odd values",
                [6_000],
                .float32,
                bytes(zip(floats, 0..<6_000).map { $1 % 50 == 0 ? odd[$1 / 50 % 8] : $0 })
            ),
            Case("random patterns", [3_000], .float32, bytes(patterns)),
            Case("random double patterns", [1_500], .float64, bytes(patterns)),
            Case("all zero", [100, 60], .float32, [UInt8](repeating: 0, count: 24_000), .bytes),
            Case("int8", [60, 100], .int8, bytes(small), .integers),
            Case("int8 noise", [60, 100], .int8, noise),
            Case("uint8 around 128", [60, 100], .uint8, small.map { UInt8(bitPattern: $0) ^ 0x80 }, .integers),
            Case("uint8 masks", [6_000], .bool, noise.map { $0 < 40 ? 1 : 0 }, .integers),
            Case("int4", [60, 100], .int4, nibbles, .integers),
            Case("int4, an odd number", [59, 101], .int4, Array(nibbles.prefix(2_980))),
            Case("uint4", [60, 100], .uint4, nibbles.map { $0 ^ 0x88 }, .integers),
            Case("int2", [60, 100], .int2, Array(noise.prefix(1_500))),
            Case("int16", [60, 100], .int16, bytes(floats.map { Int16($0 * 30_000) }), .integers),
            Case("uint16", [60, 100], .uint16, bytes(floats.map { UInt16(30_000 + $0 * 20_000) }), .integers),
            Case("int32 bias", [6_000], .int32, bytes(floats.map { Int32($0 * 100_000) }), .integers),
            Case(
                "uint32",
                [6_000],
                .uint32,
                bytes(floats.map { UInt32(4_000_000_000 + Double($0) * 1_000) }),
                .integers
            ),
            Case("int64", [6_000], .int64, bytes(floats.map { Int64($0 * 1_000) }), .integers),
            Case(
                "int64 extremes",
                [1_000],
                .int64,
                bytes((0..<1_000).map { $0 % 2 == 0 ? Int64.min : Int64(bitPattern: UInt64($0) << 54) })
            ),
            Case("uint64", [1_000], .uint64, bytes((0..<1_000).map { _ in random.next() })),
            Case("float8", [60, 100], .float8E4M3FN, noise),
            Case("a size that does not fit", [7], .float32, Array(noise.prefix(333))),
        ]
    }()

    @Test(arguments: cases, [true, false]) func comesBack(_ test: Case, _ mixing: Bool) throws {
        let original = model(test.dims, test.type, test.data)
        let packed = try pack(original, mixing: mixing)
        let archive = try open(packed)
        #expect(archive.index.payloads.count == 1)
        if let coding = test.coding { #expect(archive.index.payloads[0].coding == coding) }
        #expect(try archive.restore(threads: 1).array == original)
        #expect(try archive.payload(0).array == test.data)
        if test.coding != nil, test.coding != .bytes { #expect(packed.count < original.count) }
    }

    @Test func sharedSectionsAndCopies() throws {
        let weights = (0..<40).map { bytes(bell(500, seed: UInt64($0 % 30))) }
        let original = model { graph in
            for (number, data) in weights.enumerated() {
                graph.message(
                    5,
                    Wire.tensor([10, 50], 1) {
                        $0.text(8, "w\(number)")
                        $0.data(9, data)
                    }
                )
            }
        }
        let archive = try open(try pack(original))
        #expect(try archive.restore(threads: 2).array == original)
        #expect(archive.index.payloads.count { $0.coding == .copy } == 10)
        #expect(archive.index.sections.count == 2)
        for (number, data) in weights.enumerated() { #expect(try archive.payload(number).array == data) }
    }

    /// A tensor that is spread over sections, and part of a model alone.
    @Test func largeTensorsAreCut() throws {
        var random = SeededGenerator(seed: 8)
        let values = (0..<2_500_000).map { _ -> Int8 in
            let bits = random.next()
            return Int8(truncatingIfNeeded: bits & 15) - Int8(truncatingIfNeeded: bits >> 8 & 15)
        }
        let small = bytes(bell(100))
        let original = model { graph in
            graph.message(5, Wire.tensor([500, 5_000], 3) { $0.data(9, bytes(values)) })
            graph.message(5, Wire.tensor([100], 1) { $0.data(9, small) })
        }
        let (one, two) = (try pack(original, threads: 1), try pack(original, threads: 2))
        #expect(one == two)
        let archive = try open(one)
        #expect(archive.index.payloads[0].sectionCount == 3)
        #expect(try archive.restore(threads: 2).array == original)
        #expect(try archive.payload(0, threads: 2).array == bytes(values))
        let part = try archive.restore(threads: 1) { archive.index.payloads[$0].byteCount < 1_000 }.array
        #expect(Array(part.suffix(400)) == Array(original.suffix(400)))
        #expect(part.count == original.count && part != original)
    }

    /// What is in a model can be said without decoding its large tensors.
    @Test func anOutlineLeavesLargeTensorsOut() throws {
        var weights = bell(40_000)
        for index in 0..<100 { weights[index * 7] = index % 2 == 0 ? 0 : -0.0 }
        let original = model { graph in
            for name in ["large", "copy"] {
                graph.message(
                    5,
                    Wire.tensor([200, 200], 1) {
                        $0.text(8, name)
                        $0.data(9, bytes(weights))
                    }
                )
            }
            graph.message(5, Wire.tensor([100], 1) { $0.data(9, bytes(bell(100))) })
        }
        let (outline, zeros) = try open(try pack(original)).outline(threads: 1)
        #expect(zeros == ["large": 100, "copy": 100])
        #expect(outline.byteCount == original.count)
        #expect(outline.array.suffix(400) == original.suffix(400))
        #expect(outline.array.count { $0 != 0 } < 1_000)
    }
}
