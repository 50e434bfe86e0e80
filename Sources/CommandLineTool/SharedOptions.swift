import ArgumentParser
import CNNOpt
import Foundation

/// Options that say how much a command tells.
struct MessageOptions: ParsableArguments {
    @Option(help: ArgumentHelp("How progress is shown.", valueName: "auto|plain|none"))
    var progress: ProgressStyle = .auto

    @Flag(help: "Print results and errors only.")
    var quiet = false

    @Flag(help: "Say more: what was done to every layer.")
    var verbose = false

    func progressLine() -> ProgressLine { ProgressLine(quiet ? .none : progress) }
}

/// Options that every command that runs a model takes.
struct SharedOptions: ParsableArguments {
    @Option(
        name: .customLong("input-shape"),
        help: ArgumentHelp("Fix an input's open dimensions; may be repeated.", valueName: "name:1,3,224,224")
    )
    var inputShapes: [String] = []

    @Option(help: ArgumentHelp("Fix the first dimension of every input that leaves it open.", valueName: "n"))
    var batch: Int?

    @Option(help: ArgumentHelp("Threads, decoding and execution together. (default: all processors)", valueName: "n"))
    var threads: Int?

    @Option(help: ArgumentHelp("The seed of everything random.", valueName: "n"))
    var seed: UInt64 = 0

    @Option(
        help: ArgumentHelp(
            "What executes the network: fast kernels, or plain loops.",
            valueName: Backend.allCases.map(\.rawValue).joined(separator: "|")
        )
    )
    var backend = Backend.onednn.rawValue

    @OptionGroup var messages: MessageOptions

    var quiet: Bool { messages.quiet }
    var verbose: Bool { messages.verbose }

    /// Runs a job with these options and shows its progress; the progress line is gone when it ends.
    func perform<R>(_ job: (RunOptions) throws -> R) throws -> R {
        let line = messages.progressLine()
        defer { line.finish() }
        var options = RunOptions()
        options.batch = batch
        options.seed = seed
        options.backend = try parsedBackend()
        options.threads = try ThreadCount.resolved(threads)
        options.inputShapes = try parsedInputShapes()
        options.progress = { line.update($0, $1) }
        return try job(options)
    }

    private func parsedBackend() throws -> Backend {
        do {
            return try Backend(named: backend)
        } catch {
            throw ValidationError("--backend: \(error.description)")
        }
    }

    private func parsedInputShapes() throws -> [String: [Int]] {
        var shapes: [String: [Int]] = [:]
        for entry in inputShapes {
            let (name, sizes) = try Self.parse(entry)
            guard shapes.updateValue(sizes, forKey: name) == nil else {
                throw ValidationError("--input-shape \(name) is given twice")
            }
        }
        return shapes
    }

    func validate() throws {
        if let batch, batch < 1 { throw ValidationError("--batch \(batch): at least 1 is needed") }
        _ = try ThreadCount.resolved(threads)
        _ = try parsedBackend()
        _ = try parsedInputShapes()
    }

    /// `name:1,3,224,224`; a name may hold colons, so the last one counts.
    private static func parse(_ entry: String) throws -> (String, [Int]) {
        let wrong = ValidationError("--input-shape \(entry): write it as name:1,3,224,224")
        guard let colon = entry.lastIndex(of: ":") else { throw wrong }
        let sizes = try entry[entry.index(after: colon)...].split(separator: ",", omittingEmptySubsequences: false).map
        { text in
            guard let size = Int(text.trimmingCharacters(in: .whitespaces)), (1...1 << 31).contains(size) else {
                throw wrong
            }
            return size
        }
        return (String(entry[..<colon]), sizes)
    }
}

/// What `--threads` says.
enum ThreadCount {
    /// All processors where nothing was said.
    static func resolved(_ threads: Int?) throws -> Int {
        guard let threads else { return ProcessInfo.processInfo.activeProcessorCount }
        guard (1...1_024).contains(threads) else {
            throw ValidationError("--threads \(threads): 1 to 1024 are possible")
        }
        return threads
    }
}

/// Options that name images.
struct ImageOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Images: a .npy, .npz or idx file, or a folder of JPEG, PNG or TensorProto files.",
            valueName: "path"
        )
    )
    var data: String?

    @Option(
        help: ArgumentHelp(
            "Labels: integers in a .npy, .npz or idx file, or lines of 'filename label'.",
            valueName: "path"
        )
    )
    var labels: String?

    @Option(help: ArgumentHelp("The class index of label 0.", valueName: "n"))
    var labelOffset = 0

    @Option(
        help: ArgumentHelp(
            "How pixels become input: resize, crop, scale, mean, std, layout, channels, dtype, add.",
            valueName: "scale=1/255,mean=…"
        )
    )
    var preprocess = ""

    @Option(help: ArgumentHelp("Use the first so many images after a seeded shuffle.", valueName: "n"))
    var samples: Int?

    var dataOptions: DataOptions {
        var options = DataOptions()
        options.data = data
        options.labels = labels
        options.labelOffset = labelOffset
        options.preprocess = preprocess
        options.samples = samples
        return options
    }
}
