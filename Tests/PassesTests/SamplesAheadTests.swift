import Foundation
import Passes
import TestSupport
import Tensors
import Testing

/// Samples that are their own numbers, and a log of when they are read.
private final class LoggedSamples: SampleSource, @unchecked Sendable {
    let count: Int
    let labels: [Int]? = nil
    private let failing: Int?
    private let condition = NSCondition()
    private var events: [String] = []

    init(count: Int, failing: Int? = nil) {
        self.count = count
        self.failing = failing
    }

    func batch(_ range: Range<Int>, threads: Int) throws(CNNOptError) -> TensorData {
        note("read \(range.lowerBound)")
        if let failing, range.contains(failing) { throw CNNOptError(.invalidData, "sample \(failing)") }
        return try TensorData(range.map(Float.init), shape: [range.count, 1])
    }

    func note(_ event: String) {
        condition.lock()
        events.append(event)
        condition.broadcast()
        condition.unlock()
    }

    var log: [String] {
        condition.lock()
        defer { condition.unlock() }
        return events
    }

    /// Waits for an event; false where it does not come within a minute.
    func waits(for event: String) -> Bool {
        let limit = Date(timeIntervalSinceNow: 60)
        condition.lock()
        defer { condition.unlock() }
        while !events.contains(event) { guard condition.wait(until: limit) else { return false } }
        return true
    }
}

@Suite struct SamplesAheadTests {
    @Test(arguments: [1, 2, 5], [1, 3, 4, 100])
    func allSamplesComeInOrder(_ threads: Int, _ step: Int) throws {
        let source = LoggedSamples(count: 23)
        var ranges: [Range<Int>] = []
        var rows: [Float] = []
        try source.forEachPart(of: step, threads: threads) { (range, part) throws(CNNOptError) in
            ranges.append(range)
            rows += try part.batch(0..<part.count, threads: 1).array(of: Float.self)
        }
        #expect(rows == (0..<23).map(Float.init))
        #expect(ranges.allSatisfy { $0.count == step || $0.upperBound == 23 })
        #expect(ranges.map(\.lowerBound) == Array(stride(from: 0, to: 23, by: step)))
    }

    @Test func withOneThreadReadingWaitsForTheWork() throws {
        let source = LoggedSamples(count: 12)
        try source.forEachPart(of: 4, threads: 1) { (range, _) throws(CNNOptError) in
            source.note("use \(range.lowerBound)")
        }
        #expect(source.log == ["read 0", "use 0", "read 4", "use 4", "read 8", "use 8"])
    }

    @Test func theNextPieceIsReadDuringTheWorkAndNoFurtherOne() throws {
        let source = LoggedSamples(count: 16)
        try source.forEachPart(of: 4, threads: 2) { (range, _) throws(CNNOptError) in
            let next = range.upperBound
            if next < source.count { #expect(source.waits(for: "read \(next)")) }
            #expect(!source.log.contains("read \(next + 4)"))
            source.note("use \(range.lowerBound)")
        }
        #expect(source.log.filter { $0.hasPrefix("use") } == ["use 0", "use 4", "use 8", "use 12"])
    }

    @Test(arguments: [1, 2])
    func aSampleThatCannotBeReadEndsTheRunAtItsPlace(_ threads: Int) {
        let source = LoggedSamples(count: 16, failing: 9)
        var used: [Int] = []
        let error = #expect(throws: CNNOptError.self) {
            try source.forEachPart(of: 4, threads: threads) { (range, _) throws(CNNOptError) in
                used.append(range.lowerBound)
            }
        }
        #expect(error?.message == "sample 9" && used == [0, 4])
    }

    @Test(arguments: [1, 2])
    func whatFailsFirstInOrderIsReported(_ threads: Int) {
        // The work on the second piece fails while the third, which cannot be read, is being read.
        let source = LoggedSamples(count: 16, failing: 9)
        let error = #expect(throws: CNNOptError.self) {
            try source.forEachPart(of: 4, threads: threads) { (range, _) throws(CNNOptError) in
                if range.lowerBound == 4 { throw CNNOptError(.unsupported, "the work") }
            }
        }
        #expect(error?.message == "the work")
    }

    @Test(arguments: [1, 2])
    func memoryIsChargedToTheCaller(_ threads: Int) {
        let source = LoggedSamples(count: 16)
        let error = #expect(throws: CNNOptError.self) {
            // Four floats do not fit.
            try MemoryBudget.$account.withValue(MemoryAccount(limit: 15)) {
                try source.forEachPart(of: 4, threads: threads) { (_, _) throws(CNNOptError) in }
            }
        }
        #expect(error?.message.contains("of 15 bytes") == true)
    }
}
