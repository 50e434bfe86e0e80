import ArgumentParser
import CNNOpt
import Foundation
import Reports

/// `cnnopt validate`.
struct Validate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure a candidate against a reference; exit 1 where a gate does not hold."
    )

    @Argument(help: "The original model.") var reference: String
    @Argument(help: "The model to judge.") var candidate: String
    @OptionGroup(title: "Images") var images: ImageOptions
    @Option(help: ArgumentHelp("Most points of top-1 that may be lost.", valueName: "points")) var maxDrop: Double?
    @Option(help: ArgumentHelp("Least top-1 of the candidate.", valueName: "percent")) var minTop1: Double?
    @Option(help: ArgumentHelp("Least share of images for which both name the same class.", valueName: "percent"))
    var minAgreement: Double?
    @Option(help: ArgumentHelp("Least signal-to-noise ratio of the outputs.", valueName: "dB")) var minSnr: Double?
    @Option(help: ArgumentHelp("Largest difference of any output element.", valueName: "e")) var maxAbsError: Double?
    @Flag(help: "Judge the drop by its 95 % interval instead of its point value.") var significance = false
    @Flag(help: "Print one JSON document.") var json = false
    @Option(help: ArgumentHelp("Write the gates as a JUnit report.", valueName: "file")) var junit: String?
    @OptionGroup var shared: SharedOptions

    func validate() throws {
        let limits = [
            ("--max-drop", maxDrop, -100.0...100), ("--min-top1", minTop1, 0...100),
            ("--min-agreement", minAgreement, 0...100), ("--min-snr", minSnr, -1_000...1_000),
            ("--max-abs-error", maxAbsError, 0...Double.greatestFiniteMagnitude),
        ]
        for case (let name, let value?, let range) in limits where !range.contains(value) {
            throw ValidationError(
                value.isNaN || name == "--max-abs-error"
                    ? "\(name) \(value): a number from 0 is wanted"
                    : "\(name) \(value): \(Int(range.lowerBound)) to \(Int(range.upperBound)) are possible"
            )
        }
    }

    func run() throws {
        if let junit { try checkWritable(junit) }
        let result = try shared.perform { options in
            var job = ValidationJob(reference: reference, candidate: candidate)
            job.data = images.dataOptions
            job.gates.maxDrop = maxDrop
            job.gates.minTop1 = minTop1
            job.gates.minAgreement = minAgreement
            job.gates.minSNR = minSnr
            job.gates.maxAbsError = maxAbsError
            job.judgesByInterval = significance
            job.options = options
            return try job.run()
        }
        if let junit {
            try writeOutput(JUnit(suite: "cnnopt validate", cases: result.gates.map(Self.junitCase)).text, to: junit)
        }
        try Console.result(json ? try JSON.text(result) : text(result))
        if !result.passed { throw ExitCode(1) }
    }

    private static func junitCase(_ gate: Gate) -> JUnit.Case {
        let value = Numbers.fixed(gate.value, digits: 4)
        return JUnit.Case(
            name: gate.name,
            failure: gate.passed ? nil : "\(gate.name): \(value), the limit is \(Numbers.fixed(gate.limit, digits: 4))"
        )
    }

    private func text(_ result: ValidationJob.Result) -> String {
        let comparison = result.comparison
        var parts = [ComparisonTable.table(comparison).text]
        if comparison.outputs.count > 1 || shared.verbose { parts.append(ComparisonTable.outputs(comparison).text) }
        if !result.gates.isEmpty {
            parts.append(
                Table(
                    columns: [("gate", .left), ("limit", .right), ("value", .right), ("", .left)],
                    rows: result.gates.map {
                        [
                            $0.name, Numbers.fixed($0.limit, digits: 2), Numbers.fixed($0.value, digits: 4),
                            $0.passed ? "held" : "NOT HELD",
                        ]
                    }
                ).text
            )
        }
        if !result.notes.isEmpty { parts.append(result.notes.joined(separator: "\n")) }
        return parts.joined(separator: "\n\n")
    }
}
