import ArgumentParser
import Foundation
import Fuzzing

/// Runs mutated inputs through cnnopt's readers, shape inference and executor, in this process.
@main
struct FuzzCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cnnopt-fuzz",
        abstract: "Feeds mutated files to cnnopt's readers, shape inference and executor.",
        discussion: """
            A case depends on target, seed, number and corpus alone. A crash prints them; --only runs that case again.
            """
    )

    @Option(help: "model, external, npy, jpeg …; all by default.") var target: String?
    @Option(help: "How many cases of each target.") var count = 10_000
    @Option(help: "The number of the first case.") var first = 0
    @Option(help: "What the cases are made from.") var seed: UInt64 = 1
    @Option(help: "A folder whose files join the target's own sound inputs: those up to 64 kB that end like it.")
    var corpus: String?
    @Option(help: "Run the case of this number alone and say what came of it.") var only: Int?
    @Option(help: "With --only, also write the case's bytes to this file.") var save: String?

    func validate() throws {
        if let target, !FuzzTargets.all.contains(where: { $0.name == target }) {
            throw ValidationError(
                "there is no target '\(target)'; there are: \(FuzzTargets.all.map { $0.name }.joined(separator: ", "))"
            )
        }
        if only != nil, target == nil { throw ValidationError("--only needs --target") }
        guard count > 0, first >= 0 else { throw ValidationError("--count and --first must not be negative") }
    }

    func run() throws {
        let folder = NSTemporaryDirectory() + "cnnopt-fuzz-\(getpid())"
        try FileManager.default.createDirectory(atPath: folder + "/images", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        CrashNote.install()
        var failures = 0
        for target in FuzzTargets.all where self.target == nil || target.name == self.target {
            let run = try FuzzRun(target, seed: seed, corpus: try files(target))
            if let only {
                if let save { try Data(run.bytes(of: only)).write(to: URL(fileURLWithPath: save)) }
                CrashNote.set("\(target.name), seed \(seed), case \(only)")
                do {
                    try run.runCase(only, folder: folder)
                    print("accepted")
                } catch {
                    print(error)
                }
                continue
            }
            let start = Date()
            let outcome = run.run(first..<first + count, folder: folder) {
                CrashNote.set("\(target.name), seed \(seed), case \($0)")
            }
            failures += outcome.failureCount
            report(target.name, outcome, Date().timeIntervalSince(start))
        }
        if failures > 0 { throw ExitCode(1) }
    }

    private func report(_ name: String, _ outcome: FuzzRun.Outcome, _ seconds: Double) {
        let refused = outcome.refused.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        print(
            "\(name): seed \(seed), cases \(first)…\(first + count - 1) in \(Int(seconds)) s: accepted \(outcome.accepted), "
                + "refused \(refused.joined(separator: ", ")); slowest case \(outcome.slowest.number): "
                + String(format: "%.3f s", outcome.slowest.seconds)
        )
        for failure in outcome.failures { print("  case \(failure.number): \(failure.text)") }
    }

    /// Small files of the corpus that the target takes.
    private func files(_ target: any FuzzTarget.Type) throws -> [[UInt8]] {
        guard let corpus, let ending = target.fileEnding else { return [] }
        let paths = try FileManager.default.subpathsOfDirectory(atPath: corpus).filter { $0.hasSuffix(ending) }.sorted()
        return try paths.compactMap { path in
            let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(corpus)/\(path)"))
            return bytes.count <= 1 << 16 ? Array(bytes) : nil
        }
    }
}

/// What to print if the process dies, kept where a signal handler can reach it.
enum CrashNote {
    private static let size = 256
    nonisolated(unsafe) private static let text: UnsafeMutablePointer<CChar> = {
        let text = UnsafeMutablePointer<CChar>.allocate(capacity: size)
        text.initialize(repeating: 0, count: size)
        return text
    }()

    static func set(_ note: String) {
        var place = 0
        for byte in "crashed: \(note)\n".utf8.prefix(size - 1) {
            text[place] = CChar(bitPattern: byte)
            place += 1
        }
        text[place] = 0
    }

    static func install() {
        set("before the first case")
        for number in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGABRT] {
            signal(number) { number in
                let note = CrashNote.text
                _ = write(2, note, strlen(note))
                _exit(128 + number)
            }
        }
    }
}
