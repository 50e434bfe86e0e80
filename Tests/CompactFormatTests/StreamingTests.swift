import CompactFormat
import GraphIR
import ONNXFormat
import TestSupport
import Tensors
import Testing

/// Models are read from compact files without the model file in between, and tensors alone.
@Suite struct StreamingTests {
    /// Large and small tensors, raw and typed, a copy, one on a grid, one in an inner graph's node attribute.
    private static let original = model { graph in
        for (name, seed) in [("large", 1), ("other", 2), ("copy", 1)] {
            graph.message(
                5,
                Wire.tensor([300, 250], 1) {
                    $0.text(8, name)
                    $0.data(9, bytes(bell(75_000, seed: UInt64(seed))))
                }
            )
        }
        graph.message(
            5,
            Wire.tensor([10, 10], 1) {
                $0.text(8, "small")
                $0.data(9, bytes(bell(100)))
            }
        )
        graph.message(
            5,
            Wire.tensor([300, 300], 7) {
                $0.packed(7, bell(90_000, seed: 3).map { Int64($0 * 1_000) })
                $0.text(8, "typed")
            }
        )
        graph.message(
            5,
            Wire.tensor([400, 200], 1) {
                $0.text(8, "grid")
                $0.data(9, bytes(grid))
            }
        )
    }

    private static let grid = bell(80_000, seed: 5).enumerated().map { index, value in
        Float((value * 60).rounded()) * Float([0.5, 0.3, 0.7][index / 200 % 3]) + 0
    }

    @Test(arguments: [1, 2]) func theModelIsTheSame(_ threads: Int) throws {
        let archive = try open(try pack(Self.original))
        let model = try archive.model(name: "m", threads: threads)
        let expected = try ONNXReader.read(bytes: Self.original, name: "m")
        #expect(try ONNXWriter.bytes(of: model) == Self.original)
        #expect(model.graph.initializers.count == 6)
        for (one, other) in zip(model.graph.initializers, expected.graph.initializers) {
            #expect(model.graph.constant(one)?.storage?.array == expected.graph.constant(other)?.storage?.array)
        }
    }

    /// A tensor whose bytes look like the mark of another that is read later.
    @Test func bytesThatLookLikeMarksAreBytes() throws {
        var values = [Int64](repeating: 0, count: 20_000)
        let number = UnsafeMutableRawPointer.allocate(byteCount: 16, alignment: 8)
        defer { number.deallocate() }
        for index in 0..<10_000 {
            DeferredPayloads.mark(index % 3, at: number)
            values[2 * index] = number.load(as: Int64.self)
            values[2 * index + 1] = number.load(fromByteOffset: 8, as: Int64.self)
        }
        let original = model { graph in
            for name in ["a", "b"] {
                graph.message(
                    5,
                    Wire.tensor([20_000], 7) {
                        $0.packed(7, values)
                        $0.text(8, name)
                    }
                )
                graph.message(
                    5,
                    Wire.tensor([400, 100], 1) {
                        $0.text(8, name + "w")
                        $0.data(9, bytes(bell(40_000, seed: 8)))
                    }
                )
            }
            graph.message(
                5,
                Wire.tensor([400, 100], 7) {
                    $0.text(8, "c")
                    $0.data(9, bytes(values + values))
                }
            )
        }
        let model = try open(try pack(original)).model(name: "m", threads: 1)
        #expect(try ONNXWriter.bytes(of: model) == original)
    }

    @Test func oneTensorNeedsItsSectionsAlone() throws {
        let packed = try pack(Self.original)
        let archive = try open(packed)
        let (_, start) = try packed.withUnsafeBytes { try CompactFile.index($0) }
        let expected = ["large": 1, "copy": 1, "other": 2]
        for (name, seed) in expected {
            let data = bytes(bell(75_000, seed: UInt64(seed)))
            #expect(try archive.tensor(named: name)?.array == data)
            // All sections but the skeleton and the tensor's own are broken.
            let number = try #require(["large", "other", "copy"].firstIndex(of: name))
            let payload = archive.index.payloads[number]
            let own = payload.coding == .copy ? archive.index.payloads[number - payload.back] : payload
            var damaged = packed
            var position = start
            for (section, entry) in archive.index.sections.enumerated() {
                if section != 0, section != own.section { damaged[position] ^= 0xFF }
                position += entry.byteCount
            }
            #expect(try open(damaged).tensor(named: name)?.array == data)
            expectError(.invalidModel, "section") { _ = try restore(damaged) }
            expectError(.invalidModel, "section") { _ = try open(damaged).model(name: "m", threads: 1) }
        }
        #expect(try archive.tensor(named: "grid")?.array == bytes(Self.grid))
        #expect(try archive.tensor(named: "none") == nil)
    }
}
