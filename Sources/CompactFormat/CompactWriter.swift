import EntropyCoding
import ONNXFormat
import Tensors

/// Packs a serialised ONNX model: the bytes of tensors are cut out and coded apart, the rest is the skeleton.
package struct CompactWriter {
    /// Payloads of fewer bytes stay in the skeleton, whose coder knows names and shapes around them.
    static let smallestPayload = 48
    /// Elements of small tensors that share a section, and what was learned of them.
    private static let sectionElements = 1 << 16

    private let bytes: UnsafeRawBufferPointer
    private let threads: Int
    /// The skeleton and the index of files for tests are kept readable.
    private let mixing: Bool
    private var index = CompactIndex()
    private var analyses: [PayloadAnalysis]
    private var ranges: [Range<Int>]

    /// A packed model.
    package struct Packed: Sendable {
        package var index: CompactIndex
        /// The head with the index, then the sections.
        package var chunks: [[UInt8]]

        package var byteCount: Int { chunks.reduce(0) { $0 + $1.count } }
    }

    /// - Parameters:
    ///   - bytes: a serialised model.
    ///   - threads: how many threads code at once; the result does not depend on it.
    ///   - mixing: false to leave out context mixing of bytes.
    /// - Throws: `invalidModel` where the bytes are no ONNX model, `unsupported` where its data are in other files.
    package static func pack(
        _ bytes: UnsafeRawBufferPointer,
        threads: Int,
        mixing: Bool = true
    ) throws(CNNOptError) -> Packed {
        let tensors = try PayloadLocator.locate(bytes, minimum: smallestPayload)
        var writer = CompactWriter(bytes, tensors, threads: threads, mixing: mixing)
        return writer.packed()
    }

    private init(_ bytes: UnsafeRawBufferPointer, _ tensors: [TensorPayload], threads: Int, mixing: Bool) {
        self.bytes = bytes
        self.threads = threads
        self.mixing = mixing
        let tensorRanges = tensors.map(\.range)
        index.modelBytes = bytes.count
        index.modelChecksum = ByteCoding.checksum(bytes)
        let originals = Self.originals(tensorRanges, bytes)
        let source = SharedBytes(bytes)
        let found = Slots<PayloadAnalysis>(tensors.count)
        runJobs(tensors.count, threads: threads) { number in
            let tensor = tensors[number]
            let part = originals[number] == nil ? tensor.range : 0..<0
            let text = tensor.gridText.flatMap { GridText(source.text($0), elements: part.count / 4) }
            let claim = text?.grid(shape: tensor.shape)
            found.put(PayloadAnalysis(tensor, source.part(part), claim: claim), at: number)
        }
        (analyses, ranges) = ([], [])
        let results = found.values
        var places: [Int] = []
        for (number, tensor) in tensors.enumerated() {
            var analysis = results[number]
            places.append(analyses.count)
            if let original = originals[number] {
                analysis.copy(tensor.range.count, back: analyses.count - places[original])
            }
            analyses.append(analysis)
            ranges.append(tensor.range)
            // The text that says of a grid what its lists say.
            guard let text = tensor.gridText, case .grid(let grid)? = analysis.form,
                GridText(grid).description.utf8.elementsEqual(source.part(text))
            else { continue }
            analyses.append(.gridText(text.count))
            ranges.append(text)
        }
    }

    /// The earlier payload with the same bytes, for each.
    private static func originals(_ ranges: [Range<Int>], _ bytes: UnsafeRawBufferPointer) -> [Int?] {
        struct Key: Hashable {
            var count: Int
            var checksum: UInt32
        }
        var known: [Key: [Int]] = [:]
        return ranges.indices.map { number in
            let part = UnsafeRawBufferPointer(rebasing: bytes[ranges[number]])
            let key = Key(count: part.count, checksum: ByteCoding.checksum(part))
            let same = known[key, default: []].first {
                UnsafeRawBufferPointer(rebasing: bytes[ranges[$0]]).elementsEqual(part)
            }
            if same == nil { known[key, default: []].append(number) }
            return same
        }
    }

    private mutating func packed() -> Packed {
        while true {
            let jobs = planSections()
            let source = SharedBytes(bytes)
            let (analyses, ranges, skeleton) = (analyses, ranges, skeleton())
            let mixing = mixing
            let coded = Slots<(CompactIndex.Section, [UInt8])>(jobs.count)
            // The longest first, so that threads end together.
            let efforts = jobs.map { job in
                job.isSkeleton ? 8 * skeleton.count : job.parts.reduce(0) { $0 + $1.elements.count }
            }
            let order = jobs.indices.sorted { (efforts[$0], $1) > (efforts[$1], $0) }
            runJobs(jobs.count, threads: threads) { job in
                let number = order[job]
                coded.put(Self.code(jobs[number], analyses, ranges, source, skeleton, mixing), at: number)
            }
            // A section that would become far more than its bytes allow is for deflate, which says so in its own bounds.
            let tooDense = coded.values.indices.filter { number in
                let section = coded.values[number].0
                return section.method.isOfNumbers && !CompactFile.mayHold(section.decoded, in: section.byteCount)
            }
            guard tooDense.isEmpty else {
                for part in tooDense.flatMap({ jobs[$0].parts }) {
                    self.analyses[part.payload].giveUp()
                    let next = part.payload + 1
                    guard next < self.analyses.count, self.analyses[next].payload.coding == .gridText else { continue }
                    self.analyses[next].giveUp()
                }
                continue
            }
            index.sections = coded.values.map(\.0)
            index.payloads = analyses.map(\.payload)
            var end = 0
            for (number, range) in ranges.enumerated() {
                index.payloads[number].gap = range.lowerBound - end
                end = range.upperBound
            }
            let head = CompactFile.head(index.serialized(), mixing: mixing)
            return Packed(index: index, chunks: [head] + coded.values.map(\.1))
        }
    }

    /// A section to be: the skeleton, one payload as bytes, or runs of elements.
    private struct Job: Sendable {
        struct Part {
            var payload: Int
            var elements: Range<Int>
        }

        var parts: [Part] = []
        var isSkeleton = false
        var isBytes = false
    }

    /// Distributes the payloads over sections. Small ones of a kind share one, so that what was learned of one serves the next.
    private mutating func planSections() -> [Job] {
        struct Kind: Hashable {
            var isFloat: Bool
            var isGrid: Bool
            var isVector: Bool
        }
        var jobs = [Job(isSkeleton: true)]
        var open: [Kind: (job: Int, elements: Int)] = [:]
        for number in analyses.indices {
            let payload = analyses[number].payload
            guard payload.isCoded else { continue }
            let (count, most) = (payload.count, Self.pieceElements(payload))
            guard analyses[number].form != nil else {
                analyses[number].place(section: jobs.count, count: 1)
                jobs.append(Job(parts: [Job.Part(payload: number, elements: 0..<0)], isBytes: true))
                continue
            }
            if count >= Self.sectionElements {
                let pieces = payload.element == .varint ? 1 : (count + most - 1) / most
                analyses[number].place(section: jobs.count, count: pieces)
                let length = analyses[number].payload.pieceLength
                for piece in 0..<pieces {
                    let elements = min(piece * length, count)..<min((piece + 1) * length, count)
                    jobs.append(Job(parts: [Job.Part(payload: number, elements: elements)]))
                }
                continue
            }
            let kind = Kind(
                isFloat: payload.coding == .floats,
                isGrid: payload.coding == .grid,
                isVector: payload.rowLength == 0
            )
            var place = open[kind] ?? (jobs.count, 0)
            if place.job == jobs.count { jobs.append(Job()) }
            analyses[number].place(section: place.job, count: 1)
            jobs[place.job].parts.append(Job.Part(payload: number, elements: 0..<count))
            place.elements += count
            open[kind] = place.elements >= Self.sectionElements ? nil : place
        }
        return jobs
    }

    /// Elements of a piece of a large tensor. Each learns anew what columns are like, which matters where integers have one scale.
    private static func pieceElements(_ payload: CompactIndex.Payload) -> Int {
        switch payload.coding {
        case .floats, .grid: CompactIndex.Payload.largestPiece / 4
        default: CompactIndex.Payload.largestPiece
        }
    }

    private static func code(
        _ job: Job,
        _ analyses: [PayloadAnalysis],
        _ ranges: [Range<Int>],
        _ source: SharedBytes,
        _ skeleton: [UInt8],
        _ mixing: Bool
    ) -> (CompactIndex.Section, [UInt8]) {
        var section = CompactIndex.Section()
        var bytes: [UInt8] = []
        if job.isSkeleton || job.isBytes {
            let part = job.isBytes ? Array(source.part(ranges[job.parts[0].payload])) : skeleton
            (section.method, bytes) = part.withUnsafeBytes {
                ByteCoding.encode($0, mixing: mixing && (job.isSkeleton || $0.count <= largestMixedPayload))
            }
            (section.decoded, section.codedBytes) = (part.count, bytes.count)
        } else {
            (section, bytes) = encode(job, analyses, ranges, source)
        }
        section.checksum = bytes.withUnsafeBytes { ByteCoding.checksum($0) }
        return (section, bytes)
    }

    /// Payloads of more bytes are deflated: context mixing takes its time in the decoder too.
    private static let largestMixedPayload = 1 << 18

    private static func encode(
        _ job: Job,
        _ analyses: [PayloadAnalysis],
        _ ranges: [Range<Int>],
        _ source: SharedBytes
    ) -> (CompactIndex.Section, [UInt8]) {
        // Numbers of variable length lie in arrays of their own; these outlive the pointers to them.
        var pieces: [(piece: Piece, source: UnsafeRawPointer)] = []
        var copies: [UnsafeMutableRawPointer] = []
        defer { for copy in copies { copy.deallocate() } }
        for part in job.parts {
            let analysis = analyses[part.payload]
            guard let form = analysis.form, let base = source.part(ranges[part.payload]).baseAddress else { continue }
            let piece = Piece(form: form, layout: analysis.payload.layout(form), elements: part.elements)
            if analysis.numbers.isEmpty {
                pieces.append((piece, base))
            } else {
                let copy = UnsafeMutableRawPointer.allocate(byteCount: analysis.numbers.count * 8, alignment: 8)
                analysis.numbers.withUnsafeBytes { numbers in
                    if let start = numbers.baseAddress { copy.copyMemory(from: start, byteCount: numbers.count) }
                }
                copies.append(copy)
                pieces.append((piece, UnsafeRawPointer(copy)))
            }
        }
        return SectionCoding.encode(pieces)
    }

    private func skeleton() -> [UInt8] {
        var skeleton: [UInt8] = []
        skeleton.reserveCapacity(bytes.count - ranges.reduce(0) { $0 + $1.count })
        var end = 0
        for range in ranges {
            skeleton.append(contentsOf: bytes[end..<range.lowerBound])
            end = range.upperBound
        }
        skeleton.append(contentsOf: bytes[end...])
        return skeleton
    }
}

extension CompactWriter.Packed {
    /// Writes the compact file, whole or not at all.
    package func write(to path: String) throws(CNNOptError) {
        var file = try AtomicFile(path)
        for chunk in chunks { try file.write(chunk) }
        try file.commit()
    }
}
