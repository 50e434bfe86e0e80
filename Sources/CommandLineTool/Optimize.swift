import ArgumentParser
import CNNOpt
import Foundation
import Reports

/// The main job.
struct Optimize: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "optimize",
        abstract: "Make a model smaller and measure what it costs (the default command)."
    )

    @Argument(help: "The model to read.") var input: String
    @Argument(help: "Where to write the result.") var output: String
    @Option(
        help: ArgumentHelp(
            "What to do, in order; `cnnopt passes` lists all. (default: simplify,prune,quant)",
            valueName: "list"
        )
    )
    var passes: String?
    @Option(
        help: ArgumentHelp(
            "A YAML file with these options, without their dashes; the command line overrides it.",
            valueName: "file"
        )
    )
    var config: String?
    @OptionGroup(title: "Images") var images: ImageOptions
    @Option(help: ArgumentHelp("Held-out images for the accuracy gate.", valueName: "path")) var evalData: String?
    @Option(help: ArgumentHelp("Their labels.", valueName: "path")) var evalLabels: String?
    @Option(
        help: ArgumentHelp(
            "Most points of top-1 (of agreement without labels) that may be lost; else nothing is written.",
            valueName: "points"
        )
    )
    var maxDrop: Double?
    @Option(
        help: ArgumentHelp(
            "Bytes that the result should take in a .cnz file at most, for quant(codec).",
            valueName: "bytes"
        )
    )
    var targetSize: Int?
    @Option(
        help: ArgumentHelp(
            "Compare with the original on so many seeded inputs, whatever the passes and beside any images.",
            valueName: "n"
        )
    )
    var check: Int?
    @Option(
        help: ArgumentHelp(
            "Bring the model to this version of the ONNX operator set first; a newer model stays as it is.",
            valueName: "n"
        )
    )
    var opset: Int?
    @Flag(help: "Let simplify fold constants even where the model grows by more than 1 MiB.") var foldLarge = false
    @Option(
        help: ArgumentHelp(
            "Let simplify apply only its first so many patches, to find one that is wrong by halving.",
            valueName: "n"
        )
    )
    var stopAfterPatch: Int?
    @Option(help: ArgumentHelp("Write the report too.", valueName: "file.json|file.html")) var report: String?
    @Flag(help: "Print one JSON document.") var json = false
    @OptionGroup var shared: SharedOptions

    private enum ReportFormat: String { case json, html }

    func validate() throws {
        if let check, check < 1 { throw ValidationError("--check \(check): at least 1 is needed") }
        if let opset, !OptimizationJob.opsets.contains(opset) {
            let (first, last) = (OptimizationJob.opsets.lowerBound, OptimizationJob.opsets.upperBound)
            throw ValidationError("--opset \(opset): \(first) to \(last) are possible")
        }
        if let targetSize, targetSize < 1 {
            throw ValidationError("--target-size \(targetSize): at least 1 byte is needed")
        }
        if let stopAfterPatch, stopAfterPatch < 0 {
            throw ValidationError("--stop-after-patch \(stopAfterPatch): at least 0 is needed")
        }
        if let maxDrop, !(0...100).contains(maxDrop) {
            throw ValidationError("--max-drop \(maxDrop): 0 to 100 points are possible")
        }
        if let report, reportFormat == nil {
            throw ValidationError("--report \(report): the name ends in .json or .html")
        }
    }

    private var reportFormat: ReportFormat? {
        report.flatMap { ReportFormat(rawValue: URL(fileURLWithPath: $0).pathExtension.lowercased()) }
    }

    func run() throws {
        if let report { try checkWritable(report) }
        let result = try shared.perform { options in
            var job = OptimizationJob(input: input, output: output)
            if let passes { job.passes = passes }
            job.data = images.dataOptions
            job.data.evalData = evalData
            job.data.evalLabels = evalLabels
            job.maxDrop = maxDrop
            job.targetSize = targetSize
            job.check = check
            job.opset = opset
            job.foldLarge = foldLarge
            job.stopAfterPatch = stopAfterPatch
            job.options = options
            return try job.run()
        }
        let rendering = OptimizationRendering(result, verbose: shared.verbose)
        if let report, let reportFormat {
            let text =
                switch reportFormat {
                case .json: try JSON.text(result) + "\n"
                case .html: rendering.html.text
                }
            try writeOutput(text, to: report)
        }
        try Console.result(json ? try JSON.text(result) : rendering.text)
        if let failure = rendering.gateFailure {
            Console.error(failure)
            throw ExitCode(1)
        }
    }
}
