import EntropyCoding
import ONNXFormat
import Tensors

/// A compact file that was opened: its index is read and checked against the file, sections are decoded when they are wanted.
package struct CompactArchive: Sendable {
    package let index: CompactIndex
    let storage: TensorStorage
    /// Where each section begins.
    let starts: [Int]
    /// Where each payload begins in the model file.
    let offsets: [Int]
    /// The pieces of payloads in each section.
    let parts: [[Part]]
    /// What the payloads are that are texts of grids, by their numbers.
    let gridTexts: [Int: [UInt8]]

    struct Part: Sendable {
        var payload: Int
        var elements: Range<Int>
    }

    /// Maps a file and reads its index.
    /// - Throws: `missingInput`, `invalidModel` where the index or the sizes in it cannot be, `unsupported` for the future's.
    package init(path: String) throws(CNNOptError) {
        do {
            try self.init(try MappedFile(path).storage)
        } catch {
            throw error.inFile(path)
        }
    }

    package init(_ storage: TensorStorage) throws(CNNOptError) {
        let bytes = UnsafeRawBufferPointer(start: storage.base, count: storage.byteCount)
        let (index, start) = try CompactFile.index(bytes)
        self.storage = storage
        self.index = index
        // Entries are cheap to declare and dear to follow.
        guard index.sections.count + index.payloads.count <= 16 * storage.byteCount + 1_024 else {
            throw CompactIndex.broken("\(index.payloads.count) tensors in \(storage.byteCount) bytes")
        }
        starts = try Self.starts(index, from: start, fileBytes: storage.byteCount)
        offsets = try Self.offsets(index)
        parts = try Self.parts(index)
        gridTexts = try Self.gridTexts(index)
    }

    /// Checks the sections' sizes against the file's.
    private static func starts(_ index: CompactIndex, from start: Int, fileBytes: Int) throws(CNNOptError) -> [Int] {
        guard let skeleton = index.sections.first, !skeleton.method.isOfNumbers else {
            throw CompactIndex.broken("there is no skeleton")
        }
        var position = start
        var starts: [Int] = []
        for (number, section) in index.sections.enumerated() {
            starts.append(position)
            guard section.byteCount <= fileBytes - position else {
                throw broken(number, "it has \(section.byteCount) bytes, but only \(fileBytes - position) are left")
            }
            let isPossible =
                section.method.isOfNumbers
                ? CompactFile.mayHold(section.decoded, in: section.byteCount)
                : section.rawBytes == 0
                    && ByteCoding.isPossible(section.method, decoded: section.decoded, coded: section.codedBytes)
            guard isPossible else {
                throw broken(number, "\(section.decoded) bytes or numbers cannot come of \(section.byteCount) bytes")
            }
            position += section.byteCount
        }
        guard position == fileBytes else {
            throw CNNOptError(
                .invalidModel,
                "the compact file is followed by \(fileBytes - position) more bytes",
                remedy: "the file is damaged"
            )
        }
        return starts
    }

    /// Checks that skeleton and payloads make up the model.
    private static func offsets(_ index: CompactIndex) throws(CNNOptError) -> [Int] {
        var (offset, rest) = (0, index.sections[0].decoded)
        var offsets: [Int] = []
        for payload in index.payloads {
            guard payload.gap <= rest else { throw CompactIndex.broken("tensors lie beyond the skeleton") }
            rest -= payload.gap
            offset += payload.gap
            offsets.append(offset)
            offset += payload.byteCount
            guard offset <= index.modelBytes else { throw CompactIndex.broken("tensors are larger than the model") }
        }
        guard offset + rest == index.modelBytes else {
            throw CompactIndex.broken("skeleton and tensors are \(offset + rest) bytes, not \(index.modelBytes)")
        }
        return offsets
    }

    /// Checks that each section is exactly what its payloads need.
    private static func parts(_ index: CompactIndex) throws(CNNOptError) -> [[Part]] {
        var parts = [[Part]](repeating: [], count: index.sections.count)
        for (number, payload) in index.payloads.enumerated() {
            if payload.coding == .copy {
                guard (1...max(number, 1)).contains(payload.back), number > 0,
                    index.payloads[number - payload.back].byteCount == payload.byteCount,
                    index.payloads[number - payload.back].coding != .copy
                else { throw CompactIndex.broken("tensor \(number) is no copy of an earlier one") }
                continue
            }
            if payload.coding == .gridText { continue }
            guard payload.section > 0, payload.sectionCount > 0,
                payload.sectionCount <= index.sections.count - payload.section
            else { throw CompactIndex.broken("tensor \(number) is in no section") }
            let count = payload.coding == .bytes ? 0 : payload.count
            let isVarint = payload.element == .varint && payload.coding == .integers
            guard payload.coding == .bytes || count > 0,
                isVarint
                    ? count <= payload.byteCount && payload.sectionCount == 1
                    : payload.coding == .bytes || payload.element.count(inBytes: payload.byteCount) == count
            else { throw CompactIndex.broken("tensor \(number) has \(count) elements in \(payload.byteCount) bytes") }
            let length = payload.pieceLength
            for piece in 0..<payload.sectionCount {
                // What is spread over several sections shares none of them.
                guard payload.sectionCount == 1 || parts[payload.section + piece].isEmpty else {
                    throw CompactIndex.broken("tensor \(number) shares section \(payload.section + piece)")
                }
                let elements = min(piece * length, count)..<min((piece + 1) * length, count)
                parts[payload.section + piece].append(Part(payload: number, elements: elements))
            }
        }
        for (number, section) in index.sections.enumerated().dropFirst() {
            let isNumbers = section.method.isOfNumbers
            let isRight = parts[number].allSatisfy {
                let coding = index.payloads[$0.payload].coding
                return (coding != .bytes) == isNumbers && (coding == .grid) == (section.method == .tokens)
            }
            let wanted =
                isNumbers
                ? parts[number].reduce(0) { $0 + $1.elements.count }
                : parts[number].reduce(0) { $0 + index.payloads[$1.payload].byteCount }
            guard isRight, wanted == section.decoded, isNumbers || parts[number].count == 1 else {
                throw broken(number, "it holds \(section.decoded) bytes or numbers, but tensors need \(wanted)")
            }
        }
        return parts
    }

    /// What payloads that are texts of grids say, by their numbers: each that the payload before it lies on.
    private static func gridTexts(_ index: CompactIndex) throws(CNNOptError) -> [Int: [UInt8]] {
        var texts: [Int: [UInt8]] = [:]
        for (number, payload) in index.payloads.enumerated() where payload.coding == .gridText {
            guard number > 0, case .grid(let grid)? = try index.payloads[number - 1].form() else {
                throw CompactIndex.broken("tensor \(number) is no text of a grid")
            }
            let text = Array(GridText(grid).description.utf8)
            guard text.count == payload.byteCount else {
                throw CompactIndex.broken("tensor \(number) is no text of a grid")
            }
            texts[number] = text
        }
        return texts
    }

    static func broken(_ section: Int, _ reason: String) -> CNNOptError {
        CNNOptError(
            .invalidModel,
            "section \(section) of the compact file (\(section == 0 ? "the skeleton" : "tensors")) is broken: \(reason)",
            remedy: "the file is damaged: pack the model again"
        )
    }
}
