import Foundation
import Fuzzing
import TestSupport
import Testing

/// A short run of every target. A trap would end the test process; docs/fuzzing.md says how long ones are made.
@Suite struct FuzzingTests {
    @Test(arguments: FuzzTargets.all.map { $0.name }) func mutationsAreTakenOrRefused(_ name: String) throws {
        let target = try #require(FuzzTargets.all.first { $0.name == name })
        let run = try FuzzRun(target, seed: 1)
        try withFuzzFolder { folder in
            let outcome = run.run(0..<1_000, folder: folder)
            #expect(outcome.count == 1_000)
            // Time limits are for quiet machines: only faults count here.
            let faults = outcome.failures.filter { !$0.text.hasPrefix("took") }.map { "case \($0.number): \($0.text)" }
            #expect(faults == [])
            // Mutations that are all refused, or never, would test nothing.
            #expect(outcome.accepted > 10 && outcome.accepted < 990)
        }
    }

    @Test(arguments: FuzzTargets.all.map { $0.name }) func soundInputsAreAccepted(_ name: String) throws {
        let target = try #require(FuzzTargets.all.first { $0.name == name })
        let seeds = try target.seeds()
        #expect(!seeds.isEmpty)
        try withFuzzFolder { folder in
            for seed in seeds { try target.run(seed, folder: folder) }
        }
    }

    @Test func aCaseDependsOnSeedAndNumberAlone() throws {
        let (first, second) = (try FuzzRun(ModelFuzzing.self, seed: 3), try FuzzRun(ModelFuzzing.self, seed: 3))
        for number in [0, 1, 77, 1_000_000] { #expect(first.bytes(of: number) == second.bytes(of: number)) }
        let other = try FuzzRun(ModelFuzzing.self, seed: 4)
        #expect((0..<20).contains { first.bytes(of: $0) != other.bytes(of: $0) })
    }
}

private func withFuzzFolder(_ body: (String) throws -> Void) throws {
    try withTemporaryFolder { folder in
        try FileManager.default.createDirectory(
            at: folder.appendingPathComponent("images"),
            withIntermediateDirectories: true
        )
        try body(folder.path)
    }
}
