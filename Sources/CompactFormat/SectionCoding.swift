import EntropyCoding
import Tensors

/// A run of a payload's elements within one section.
struct Piece {
    var form: NumberForm
    var layout: MagnitudeLayout
    var elements: Range<Int>
}

/// Codes the pieces of one section, one after another, with one model that learns from all of them.
enum SectionCoding {
    /// Elements by which the number of modelled bits is chosen.
    private static let sample = 1 << 13

    static func encode(_ pieces: [(piece: Piece, source: UnsafeRawPointer)]) -> (CompactIndex.Section, [UInt8]) {
        var section = CompactIndex.Section()
        section.method = .magnitudes
        section.decoded = pieces.reduce(0) { $0 + $1.piece.elements.count }
        var best = Double.infinity
        // Fractions that are no longer are modelled whole by either.
        let widest = pieces.reduce(0) {
            max($0, Int($1.piece.layout.widths.prefix($1.piece.layout.top + 1).max() ?? 0))
        }
        // Of multiples two bits say nearly all that there is to know; other integers may leave some values out.
        let most = pieces.allSatisfy(\.piece.form.isGrid) ? 2 : max(2, min(4, widest))
        section.modelledBits = 2
        for modelled in 2...most where most > 2 {
            var counter = BitCounter()
            run(pieces, MagnitudeModel(modelledBits: modelled), most: sample, &counter)
            // Each costs time as well: it has to be worth it.
            if counter.bits < 0.999 * best { (best, section.modelledBits) = (counter.bits, modelled) }
        }
        var encoder = RangeEncoder()
        run(pieces, MagnitudeModel(modelledBits: section.modelledBits), most: .max, &encoder)
        let (coded, raw) = encoder.finish()
        (section.codedBytes, section.rawBytes) = (coded.count, raw.count)
        return (section, coded + raw)
    }

    private static func run<Coder: BinaryCoder>(
        _ pieces: [(piece: Piece, source: UnsafeRawPointer)],
        _ model: MagnitudeModel,
        most: Int,
        _ coder: inout Coder
    ) {
        let batch = MagnitudeBatch(capacity: NumberForm.batch)
        var left = most
        for (piece, source) in pieces where left > 0 {
            let surroundings = MagnitudeSurroundings(piece.layout)
            var state = DependentTrellis.start
            for first in stride(from: piece.elements.lowerBound, to: piece.elements.upperBound, by: NumberForm.batch) {
                let count = min(NumberForm.batch, piece.elements.upperBound - first)
                piece.form.take(source, first: first, count: count, into: batch, state: &state)
                model.code(count, of: batch, in: surroundings, with: &coder)
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
        let model = MagnitudeModel(modelledBits: section.modelledBits)
        let batch = MagnitudeBatch(capacity: NumberForm.batch)
        for (piece, target) in pieces {
            let surroundings = MagnitudeSurroundings(piece.layout)
            var state = DependentTrellis.start
            for first in stride(from: piece.elements.lowerBound, to: piece.elements.upperBound, by: NumberForm.batch) {
                let count = min(NumberForm.batch, piece.elements.upperBound - first)
                model.code(count, of: batch, in: surroundings, with: &decoder)
                guard piece.form.put(target, first: first, count: count, from: batch, state: &state) else {
                    return false
                }
            }
        }
        return true
    }
}
