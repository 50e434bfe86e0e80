import Dispatch
import Tensors

extension SampleSource {
    /// Hands out all samples in order, `step` at a time (fewer at the end).
    ///
    /// They are read in pieces of a few samples for each thread. With more than one thread the next piece is decoded and
    /// prepared while `body` works on this one, so that at most two pieces are in memory however many samples there are.
    /// What comes out, errors too, is the same as one after the other.
    package func forEachPart(
        of step: Int,
        threads: Int,
        _ body: (Range<Int>, PreparedSamples) throws(CNNOptError) -> Void
    ) throws(CNNOptError) {
        let size = step * max(1, (2 * threads + step - 1) / step)
        var pieces = stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }[...]
        let reader: any PieceReader =
            threads > 1 && !isInMemory && pieces.count > 1
            ? ReaderAhead(self, threads: threads) : DirectReader(source: self, threads: threads)
        if let first = pieces.first { reader.begin(first) }
        defer { reader.finish() }
        while let piece = pieces.popFirst() {
            let prepared = try reader.take(piece)
            if let next = pieces.first { reader.begin(next) }
            for start in stride(from: piece.lowerBound, to: piece.upperBound, by: step) {
                let range = start..<min(start + step, piece.upperBound)
                let offset = range.lowerBound - piece.lowerBound
                try body(range, try prepared.part(offset..<offset + range.count))
            }
        }
    }
}

/// Reads pieces of a source one after the other.
private protocol PieceReader {
    /// Says which piece will be taken next.
    func begin(_ piece: Range<Int>)
    /// The piece that was begun.
    func take(_ piece: Range<Int>) throws(CNNOptError) -> PreparedSamples
    /// Waits for what is still being read.
    func finish()
}

/// Reads a piece when it is taken.
private struct DirectReader: PieceReader {
    let source: any SampleSource
    let threads: Int

    func begin(_ piece: Range<Int>) {}
    func take(_ piece: Range<Int>) throws(CNNOptError) -> PreparedSamples {
        try PreparedSamples(source, piece, threads: threads)
    }
    func finish() {}
}

/// Reads a piece from when it is begun, beside the caller.
///
/// Unchecked: `result` is written by the one block at work, and read after it has ended.
private final class ReaderAhead: PieceReader, @unchecked Sendable {
    private let source: any SampleSource
    private let threads: Int
    private let account = MemoryBudget.account
    private let queue = DispatchQueue(label: "samples")
    private let work = DispatchGroup()
    private var result: Result<PreparedSamples, CNNOptError>?

    init(_ source: any SampleSource, threads: Int) {
        self.source = source
        self.threads = threads
    }

    func begin(_ piece: Range<Int>) {
        queue.async(group: work) { [self] in
            // Tensors are charged to the caller's account.
            result = MemoryBudget.$account.withValue(account) { read(piece) }
        }
    }

    private func read(_ piece: Range<Int>) -> Result<PreparedSamples, CNNOptError> {
        do throws(CNNOptError) {
            return .success(try PreparedSamples(source, piece, threads: threads))
        } catch {
            return .failure(error)
        }
    }

    func take(_ piece: Range<Int>) throws(CNNOptError) -> PreparedSamples {
        work.wait()
        defer { result = nil }
        guard let result else { throw CNNOptError(.internalFault, "samples \(piece) were not begun") }
        return try result.get()
    }

    func finish() { work.wait() }
}
