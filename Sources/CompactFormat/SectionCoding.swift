import EntropyCoding
import Tensors

/// A run of a payload's elements within one section.
struct Piece {
    var form: NumberForm
    var layout: NumberLayout
    var elements: Range<Int>
}

/// Codes the pieces of one section, one after another, with one model that learns from all of them.
enum SectionCoding {
    /// Elements by which the number of modelled bits is chosen.
    private static let sample = 1 << 13

    static func encode(_ pieces: [(piece: Piece, source: UnsafeRawPointer)]) -> (CompactIndex.Section, [UInt8]) {
        var section = CompactIndex.Section()
        section.method = pieces.allSatisfy(\.piece.form.isGrid) ? .tokens : .magnitudes
        section.decoded = pieces.reduce(0) { $0 + $1.piece.elements.count }
        if section.method == .magnitudes { section.modelledBits = modelledBits(pieces) }
        var encoder = RangeEncoder()
        run(pieces, NumberModels(modelledBits: section.modelledBits), most: .max, &encoder)
        let (coded, raw) = encoder.finish()
        (section.codedBytes, section.rawBytes) = (coded.count, raw.count)
        return (section, coded + raw)
    }

    /// How many upper bits of fractions are worth modelling, 2 to 4.
    private static func modelledBits(_ pieces: [(piece: Piece, source: UnsafeRawPointer)]) -> Int {
        // Fractions that are no longer are modelled whole by either.
        let widest = pieces.reduce(0) { widest, piece in
            guard case .magnitudes(let layout) = piece.piece.layout else { return widest }
            return max(widest, Int(layout.widths.prefix(layout.top + 1).max() ?? 0))
        }
        let most = max(2, min(4, widest))
        var (best, found) = (Double.infinity, 2)
        for modelled in 2...most where most > 2 {
            var counter = BitCounter()
            run(pieces, NumberModels(modelledBits: modelled), most: sample, &counter)
            // Each costs time as well: it has to be worth it.
            if counter.bits < 0.999 * best { (best, found) = (counter.bits, modelled) }
        }
        return found
    }

    private static func run<Coder: EntropyCoder>(
        _ pieces: [(piece: Piece, source: UnsafeRawPointer)],
        _ models: NumberModels,
        most: Int,
        _ coder: inout Coder
    ) {
        let batch = MagnitudeBatch(capacity: NumberForm.batch)
        var left = most
        for (piece, source) in pieces where left > 0 {
            let numbers = models.begin(piece.layout)
            var state = DependentTrellis.start
            for first in stride(from: piece.elements.lowerBound, to: piece.elements.upperBound, by: NumberForm.batch) {
                let count = min(NumberForm.batch, piece.elements.upperBound - first)
                piece.form.take(source, first: first, count: count, into: batch, state: &state)
                numbers.code(count, of: batch, with: &coder)
                left -= count
                if left <= 0 { return }
            }
        }
    }

    /// Decodes straight to where the elements belong.
    /// - Returns: false where a number stands for no element.
    static func decode(
        _ bytes: UnsafeRawBufferPointer,
        _ section: CompactIndex.Section,
        _ pieces: [(piece: Piece, target: UnsafeMutableRawPointer)]
    ) -> Bool {
        let streams = bytes.bindMemory(to: UInt8.self)
        var decoder = RangeDecoder(
            coded: UnsafeBufferPointer(rebasing: streams[..<section.codedBytes]),
            raw: UnsafeBufferPointer(rebasing: streams[section.codedBytes...])
        )
        let models = NumberModels(modelledBits: section.modelledBits)
        let batch = MagnitudeBatch(capacity: NumberForm.batch)
        for (piece, target) in pieces {
            let numbers = models.begin(piece.layout)
            var state = DependentTrellis.start
            for first in stride(from: piece.elements.lowerBound, to: piece.elements.upperBound, by: NumberForm.batch) {
                let count = min(NumberForm.batch, piece.elements.upperBound - first)
                numbers.code(count, of: batch, with: &decoder)
                guard piece.form.put(target, first: first, count: count, from: batch, state: &state) else {
                    return false
                }
            }
        }
        return true
    }
}
