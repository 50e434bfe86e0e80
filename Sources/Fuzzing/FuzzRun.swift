import Foundation
import Tensors

/// Feeds mutated inputs to one target. A case is made from the seed and its number alone, so that each can be run again.
package struct FuzzRun: Sendable {
    /// What came of the cases.
    package struct Outcome: Sendable {
        package var accepted = 0
        /// Refused ones, by the kind of error.
        package var refused: [String: Int] = [:]
        /// Internal faults and cases over the time limit: number and what happened. The first hundred.
        package var failures: [(number: Int, text: String)] = []
        package var failureCount = 0
        /// The longest case in seconds of processor time, and its number.
        package var slowest = (number: 0, seconds: 0.0)

        package var count: Int { accepted + refused.values.reduce(0, +) }
    }

    package let target: any FuzzTarget.Type
    package let seed: UInt64
    private let seeds: [FuzzSeed]

    /// Bytes of tensors that one case may have at one time.
    package static let memoryLimit = 256 << 20
    /// Seconds of processor time that a case may take.
    package static let timeLimit = 1.0

    /// - Parameter corpus: sound inputs beside the target's own.
    package init(_ target: any FuzzTarget.Type, seed: UInt64, corpus: [[UInt8]] = []) throws(CNNOptError) {
        self.target = target
        self.seed = seed
        seeds = (try target.seeds() + corpus).map(FuzzSeed.init)
    }

    /// The bytes of one case.
    package func bytes(of number: Int) -> [UInt8] {
        // The generator's own step keeps neighbouring numbers apart.
        var random = SeededGenerator(seed: seed &* 0xD134_2543_DE82_EF95 &+ UInt64(truncatingIfNeeded: number))
        random = SeededGenerator(seed: random.next())
        guard !seeds.isEmpty else { return ByteMutation.apply(to: [], &random) }
        return target.mutated(seeds[random.index(below: seeds.count)], &random)
    }

    /// Runs one case.
    /// - Throws: what the target refuses it with.
    package func runCase(_ number: Int, folder: String) throws(CNNOptError) {
        let bytes = bytes(of: number)
        let result: Result<Void, CNNOptError> = MemoryBudget.$account.withValue(MemoryAccount(limit: Self.memoryLimit))
        {
            do throws(CNNOptError) { return .success(try target.run(bytes, folder: folder)) } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    /// Runs the cases of these numbers.
    /// - Parameter before: told each number before its case runs, which may end the process.
    package func run(_ numbers: Range<Int>, folder: String, before: (Int) -> Void = { _ in }) -> Outcome {
        var outcome = Outcome()
        for number in numbers {
            before(number)
            let start = Self.processorSeconds()
            do throws(CNNOptError) {
                try runCase(number, folder: folder)
                outcome.accepted += 1
            } catch {
                outcome.refused[error.code.rawValue, default: 0] += 1
                if error.code == .internalFault { outcome.add(number, error.description) }
            }
            let seconds = Self.processorSeconds() - start
            if seconds > outcome.slowest.seconds { outcome.slowest = (number, seconds) }
            if seconds > Self.timeLimit { outcome.add(number, "took \(seconds) s") }
        }
        return outcome
    }

    private static func processorSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}

extension FuzzRun.Outcome {
    fileprivate mutating func add(_ number: Int, _ text: String) {
        failureCount += 1
        if failures.count < 100 { failures.append((number, text)) }
    }
}
