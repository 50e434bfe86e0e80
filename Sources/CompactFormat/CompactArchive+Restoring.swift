import EntropyCoding
import ONNXFormat
import Tensors

extension CompactArchive {
    /// Sections of so many bytes are given back once they are decoded.
    private static let releasedSection = 1 << 18

    /// Restores the model file, byte for byte.
    /// - Throws: `invalidModel` naming the section that is broken.
    package func restore(threads: Int) throws(CNNOptError) -> TensorStorage {
        let model = try restore(threads: threads) { (_: Int) in true }
        let bytes = UnsafeRawBufferPointer(start: model.base, count: model.byteCount)
        guard ByteCoding.checksum(bytes) == index.modelChecksum else {
            throw CNNOptError(
                .invalidModel,
                "the model that the compact file restores does not have the checksum that it should",
                remedy: "the file is damaged: pack the model again"
            )
        }
        return model
    }

    /// Restores the model file with some payloads alone, by their numbers; the bytes of the others are zero.
    package func restore(
        threads: Int,
        where isWanted: (Int) -> Bool
    ) throws(CNNOptError) -> TensorStorage {
        let wanted = index.payloads.indices.map(isWanted)
        let model = try TensorStorage.allocate(byteCount: index.modelBytes, zeroed: wanted.contains(false))
        let all = Set(index.payloads.indices.filter { wanted[$0] })
        try decodePayloads(all, skeleton: model.base, threads: threads) { model.base + offsets[$0] }
        return model
    }

    /// Decodes some payloads to where they belong in the model file.
    func place(into model: TensorStorage, threads: Int, where isWanted: (Int) -> Bool) throws(CNNOptError) {
        try decodePayloads(Set(index.payloads.indices.filter(isWanted)), threads: threads) { model.base + offsets[$0] }
    }

    /// Decodes some payloads.
    /// - Parameters:
    ///   - skeleton: the model file into which the skeleton goes too; nil where it is not wanted.
    ///   - target: where the bytes of a payload go. It is also asked of others that lie in the same sections.
    func decodePayloads(
        _ wanted: Set<Int>,
        skeleton: UnsafeMutableRawPointer? = nil,
        threads: Int,
        _ target: (Int) -> UnsafeMutableRawPointer
    ) throws(CNNOptError) {
        var sections: Set<Int> = []
        for number in wanted {
            let payload = index.payloads[original(number)]
            // Texts of grids come with the skeleton.
            if payload.coding == .gridText { continue }
            sections.formUnion(payload.section..<payload.section + payload.sectionCount)
        }
        if skeleton != nil { sections.insert(0) }
        try decode(sections.sorted(), skeleton: skeleton, threads: threads, target)
        for number in wanted where original(number) != number {
            target(number).copyMemory(from: target(original(number)), byteCount: index.payloads[number].byteCount)
        }
    }

    /// The payload that this one is a copy of, or itself.
    private func original(_ number: Int) -> Int {
        let payload = index.payloads[number]
        return payload.coding == .copy ? number - payload.back : number
    }

    /// Decodes one payload; of the sections beside it nothing is read.
    /// - Parameter number: its place in the index.
    package func payload(_ number: Int, threads: Int = 1) throws(CNNOptError) -> TensorStorage {
        let original = original(number)
        let payload = index.payloads[original]
        let result = try TensorStorage.allocate(byteCount: payload.byteCount)
        if let text = gridTexts[original] {
            result.base.copyMemory(from: text, byteCount: text.count)
            return result
        }
        // Payloads that share the section have to be decoded too, into memory that is let go.
        let sections = Array(payload.section..<payload.section + payload.sectionCount)
        var others: [Int: TensorStorage] = [:]
        for part in sections.flatMap({ parts[$0] }) where part.payload != original {
            others[part.payload] = try TensorStorage.allocate(byteCount: index.payloads[part.payload].byteCount)
        }
        let bases = others.mapValues(\.base)
        try decode(sections, threads: threads) { bases[$0] ?? result.base }
        withExtendedLifetime(others) {}
        return result
    }

    /// Decodes the skeleton to where it belongs in the model file, and writes the texts of grids.
    func placeSkeleton(_ target: UnsafeMutableRawPointer) throws(CNNOptError) {
        let skeleton = try TensorStorage.allocate(byteCount: index.sections[0].decoded)
        defer { withExtendedLifetime(skeleton) {} }
        let bytes = try sectionBytes(0)
        let memory = UnsafeMutableRawBufferPointer(start: skeleton.base, count: skeleton.byteCount)
        guard ByteCoding.decode(bytes, index.sections[0].method, into: memory) else {
            throw Self.broken(0, "it cannot be decoded")
        }
        var (position, end) = (0, 0)
        for (number, payload) in index.payloads.enumerated() {
            (target + end).copyMemory(from: skeleton.base + position, byteCount: payload.gap)
            position += payload.gap
            end = offsets[number] + payload.byteCount
            if let text = gridTexts[number] {
                (target + offsets[number]).copyMemory(from: text, byteCount: text.count)
            }
        }
        (target + end).copyMemory(from: skeleton.base + position, byteCount: skeleton.byteCount - position)
    }

    /// The bytes of a section, after its checksum was compared.
    private func sectionBytes(_ number: Int) throws(CNNOptError) -> UnsafeRawBufferPointer {
        let section = index.sections[number]
        let bytes = UnsafeRawBufferPointer(start: storage.base + starts[number], count: section.byteCount)
        guard ByteCoding.checksum(bytes) == section.checksum else {
            throw Self.broken(number, "its checksum does not match")
        }
        return bytes
    }

    /// Decodes sections.
    /// - Parameter target: where the bytes of a payload go.
    private func decode(
        _ sections: [Int],
        skeleton: UnsafeMutableRawPointer? = nil,
        threads: Int,
        _ target: (Int) -> UnsafeMutableRawPointer
    ) throws(CNNOptError) {
        let targets = Dictionary(
            uniqueKeysWithValues: Set(sections.flatMap { parts[$0].map(\.payload) }).map {
                ($0, SharedPointer(target($0).assumingMemoryBound(to: UInt8.self)))
            }
        )
        let failures = Slots<CNNOptError>(sections.count)
        let account = MemoryBudget.account
        let image = skeleton.map { SharedPointer($0.assumingMemoryBound(to: UInt8.self)) }
        // The longest first, so that threads end together.
        let order = sections.indices.sorted { (effort(sections[$0]), $1) > (effort(sections[$1]), $0) }
        runJobs(sections.count, threads: threads) { job in
            let number = order[job]
            MemoryBudget.$account.withValue(account) {
                do throws(CNNOptError) {
                    if sections[number] == 0 {
                        if let image { try placeSkeleton(image.base) }
                    } else {
                        try decode(sections[number], targets)
                    }
                } catch {
                    failures.put(error, at: number)
                }
            }
        }
        if let failure = failures.values.first { throw failure }
    }

    /// How long a section takes to decode, about, in units of a number's time.
    private func effort(_ number: Int) -> Int {
        let section = index.sections[number]
        return switch section.method {
        case .magnitudes: 3 * section.decoded
        case .tokens: section.decoded
        case .mixed: 12 * section.decoded
        case .stored, .deflated: section.decoded / 8
        }
    }

    private func decode(_ number: Int, _ targets: [Int: SharedPointer<UInt8>]) throws(CNNOptError) {
        let section = index.sections[number]
        let bytes = try sectionBytes(number)
        // What was read of the file need not stay in memory.
        defer { if section.byteCount >= Self.releasedSection { storage.releasePages() } }
        var pieces: [(piece: Piece, target: UnsafeMutableRawPointer)] = []
        /// Numbers of variable length become bytes when all are there.
        var numbers: [(TensorStorage, Int)] = []
        defer { withExtendedLifetime(numbers) {} }
        for part in parts[number] {
            let payload = index.payloads[part.payload]
            guard let base = targets[part.payload]?.base else { continue }
            guard let form = try payload.form() else {
                let memory = UnsafeMutableRawBufferPointer(start: base, count: payload.byteCount)
                guard ByteCoding.decode(bytes, section.method, into: memory) else {
                    throw Self.broken(number, "it cannot be decoded")
                }
                continue
            }
            var target = UnsafeMutableRawPointer(base)
            if payload.element == .varint {
                let storage = try TensorStorage.allocate(byteCount: 8 * payload.count)
                numbers.append((storage, part.payload))
                target = storage.base
            }
            pieces.append((Piece(form: form, layout: payload.layout(form), elements: part.elements), target))
        }
        guard SectionCoding.decode(bytes, section, pieces) || !section.method.isOfNumbers else {
            throw Self.broken(number, "a number in it stands for no element")
        }
        for (storage, payload) in numbers {
            let values = UnsafeBufferPointer(
                start: storage.base.assumingMemoryBound(to: Int64.self),
                count: storage.byteCount / 8
            )
            guard let base = targets[payload]?.base,
                Varints.encode(
                    values.map(Int64.init(littleEndian:)),
                    into: UnsafeMutableRawBufferPointer(start: base, count: index.payloads[payload].byteCount)
                )
            else { throw Self.broken(number, "its numbers do not fill tensor \(payload)") }
        }
    }
}
