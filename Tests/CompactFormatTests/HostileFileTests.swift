import CompactFormat
import TestSupport
import Tensors
import Testing

/// Compact files that are damaged, cut short, or lie about themselves.
@Suite struct HostileFileTests {
    private static let original = model { graph in
        graph.message(5, Wire.tensor([10, 20], 1) { $0.data(9, bytes(bell(200))) })
        graph.message(5, Wire.tensor([10, 20], 3) { $0.data(9, bytes(bell(200, seed: 2).map { Int8($0 * 200) })) })
        graph.message(5, Wire.tensor([30, 10], 7) { $0.packed(7, bell(300, seed: 3).map { Int64($0 * 100) }) })
        graph.message(5, Wire.tensor([10, 20], 1) { $0.data(9, bytes(bell(200))) })
    }

    @Test func noChangedByteGoesUnseen() throws {
        let packed = try pack(Self.original)
        for place in packed.indices {
            var changed = packed
            changed[place] ^= 0x10
            do {
                _ = try restore(changed)
                Issue.record("byte \(place) was changed and nothing was said")
            } catch let error as CNNOptError {
                #expect(error.code == .invalidModel || error.code == .unsupported, "\(error)")
            }
        }
    }

    @Test func noFileCutShortIsTaken() throws {
        let packed = try pack(Self.original)
        for length in packed.indices {
            expectError(.invalidModel) { _ = try restore(Array(packed.prefix(length))) }
        }
        expectError(.invalidModel, "followed by 1 more") { _ = try restore(packed + [0]) }
    }

    @Test func theBrokenSectionIsNamed() throws {
        var packed = try pack(Self.original)
        packed[packed.count - 1] ^= 1
        let last = try open(try pack(Self.original)).index.sections.count - 1
        expectError(.invalidModel, "section \(last) of the compact file (tensors)") { _ = try restore(packed) }
        let (_, start) = try packed.withUnsafeBytes { try CompactFile.index($0) }
        packed[start] ^= 1
        expectError(.invalidModel, "section 0 of the compact file (the skeleton)") { _ = try restore(packed) }
    }

    @Test func otherVersionsAreSaidToBeUnsupported() throws {
        var packed = try pack(Self.original)
        packed[8] = 2
        expectError(.unsupported, "version 2") { _ = try restore(packed) }
    }

    /// A lie, and how it is told.
    struct Lie: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var tell: @Sendable (inout CompactIndex) -> Void

        init(_ description: String, _ tell: @escaping @Sendable (inout CompactIndex) -> Void) {
            (testDescription, self.tell) = (description, tell)
        }
    }

    /// The index is changed and its checksum is right again.
    @Test(arguments: [
        Lie("sizes that do not add up") { $0.modelBytes += 1 },
        Lie("a model of 2 GB") { $0.modelBytes = CompactFile.largestModel },
        Lie("a tensor larger than the model") { $0.payloads[0].byteCount = 1 << 30 },
        Lie("a tensor beyond the skeleton") { $0.payloads[0].gap = 1 << 20 },
        Lie("numbers from nothing") { $0.sections[1].decoded = 1 << 30 },
        Lie("a skeleton from nothing") { $0.sections[0].decoded = 1 << 30 },
        Lie("a section beyond the file") { $0.sections[1].codedBytes = 1 << 30 },
        Lie("a section without a tensor") { $0.sections.append($0.sections[0]) },
        Lie("no sections") { $0.sections = [] },
        Lie("a tensor in no section") { $0.payloads[0].section = 99 },
        Lie("a tensor in the skeleton") { $0.payloads[0].section = 0 },
        Lie("a tensor in all sections") { $0.payloads[0].sectionCount = 1 << 20 },
        Lie("a copy of itself") { $0.payloads[3].back = 0 },
        Lie("a copy of what comes later") { $0.payloads[3].back = 1 << 30 },
        Lie("a copy of another size") { $0.payloads[3].back = 1 },
        Lie("fields that float32 lacks") { $0.payloads[0].width = 52 },
        Lie("classes that float32 lacks") { $0.payloads[0].top = 1 << 20 },
        Lie("integers of 60 bits") { $0.payloads[1].top = 60 },
        Lie("elements of another size") { $0.payloads[1].element = .float64 },
        Lie("more elements than bytes") { $0.payloads[2].elements = 1 << 28 },
        Lie("elements where there are none") { $0.payloads[2].element = .opaque },
        Lie("another coding") { $0.payloads[0].coding = .bytes },
        Lie("a table of nothing") { $0.payloads[0].coding = .table },
        Lie("a step that is no number") { ($0.payloads[0].coding, $0.payloads[0].step) = (.grid, .nan) },
    ])
    func anIndexThatLiesIsRefused(_ lie: Lie) throws {
        let packed = try pack(Self.original)
        let (sound, start) = try packed.withUnsafeBytes { try CompactFile.index($0) }
        var index = sound
        lie.tell(&index)
        let changed = CompactFile.head(index.serialized()) + packed[start...]
        expectError(.invalidModel) { _ = try restore(changed) }
    }

    /// What harms no memory comes out as it may and fails the model's checksum.
    @Test func wrongButPossibleNumbersFailTheChecksum() throws {
        let packed = try pack(Self.original)
        let (sound, start) = try packed.withUnsafeBytes { try CompactFile.index($0) }
        var index = sound
        index.payloads[0].rowLength = 1 << 30
        index.payloads[1].offset = .max
        let changed = CompactFile.head(index.serialized()) + packed[start...]
        expectError(.invalidModel, "checksum") { _ = try restore(changed) }
    }

    @Test func memoryIsAskedForBeforeItIsTaken() throws {
        let packed = try pack(Self.original)
        MemoryBudget.$account.withValue(MemoryAccount(limit: packed.count + 1_500)) {
            expectError(.invalidModel, "memory") { _ = try restore(packed) }
        }
    }
}
