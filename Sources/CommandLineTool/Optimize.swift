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
    @Option(help: ArgumentHelp("A YAML file with the same options, without their dashes.", valueName: "file"))
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
    @Option(help: ArgumentHelp("Compare with the original on so many seeded inputs.", valueName: "n")) var check: Int?
    @Option(help: ArgumentHelp("Write the report too.", valueName: "file.json|file.html")) var report: String?
    @Flag(help: "Print one JSON document.") var json = false
    @OptionGroup var shared: SharedOptions

    func validate() throws {
        if let check, check < 1 { throw ValidationError("--check \(check): at least 1 is needed") }
        if let maxDrop, !(0...100).contains(maxDrop) {
            throw ValidationError("--max-drop \(maxDrop): 0 to 100 points are possible")
        }
        if let report, !report.hasSuffix(".json"), !report.hasSuffix(".html") {
            throw ValidationError("--report \(report): the name ends in .json or .html")
        }
    }

    func run() throws {
        try shared.checkBackend()
        var command = self
        if let config { try command.merge(Recipe(path: config)) }
        try command.runJob()
    }

    private func runJob() throws {
        var job = OptimizationJob(input: input, output: output)
        if let passes { job.passes = passes }
        job.data = images.dataOptions
        job.data.evalData = evalData
        job.data.evalLabels = evalLabels
        job.maxDrop = maxDrop
        job.check = check
        let line = shared.progressLine()
        job.options = try shared.runOptions(line)
        let result: OptimizationResult
        do {
            result = try job.run()
        } catch {
            line.finish()
            throw error
        }
        line.finish()
        let rendering = OptimizationRendering(result, verbose: shared.verbose)
        if let report {
            try writeOutput(report.hasSuffix(".json") ? JSON.text(result) + "\n" : rendering.html.text, to: report)
        }
        Console.result(json ? try JSON.text(result) : rendering.text)
        if !json, !shared.quiet { for note in result.notes { Console.message(note) } }
    }

    /// Takes from the recipe what the command line leaves out.
    private mutating func merge(_ recipe: Recipe) {
        passes = passes ?? recipe.passes
        images.data = images.data ?? recipe.data
        images.labels = images.labels ?? recipe.labels
        if images.labelOffset == 0 { images.labelOffset = recipe.labelOffset ?? 0 }
        if images.preprocess.isEmpty { images.preprocess = recipe.preprocess ?? "" }
        images.samples = images.samples ?? recipe.samples
        evalData = evalData ?? recipe.evalData
        evalLabels = evalLabels ?? recipe.evalLabels
        maxDrop = maxDrop ?? recipe.maxDrop
        check = check ?? recipe.check
        report = report ?? recipe.report
    }
}
