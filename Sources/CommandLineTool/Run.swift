import ArgumentParser
import CNNOpt
import Reports

extension InferenceJob.OutputFormat: ExpressibleByArgument {}

/// `cnnopt run`.
struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Run one inference on tensors from files.")

    @Argument(help: "The model.") var model: String
    @Option(
        name: .customLong("input"),
        help: ArgumentHelp("A .npy or .pb file for an input; may be repeated.", valueName: "[name=]file")
    )
    var inputs: [String] = []
    @Option(help: ArgumentHelp("Where the outputs go, one file each.", valueName: "folder")) var outputDir: String
    @Option(help: ArgumentHelp("The outputs' format; pb holds every element type.", valueName: "npy|pb"))
    var outputFormat: InferenceJob.OutputFormat = .npy
    @Flag(help: "Print one JSON document.") var json = false
    @OptionGroup var shared: SharedOptions

    func run() throws {
        try shared.checkBackend()
        var job = InferenceJob(model: model, inputs: inputs, outputFolder: outputDir)
        job.outputFormat = outputFormat
        let line = shared.progressLine()
        job.options = try shared.runOptions(line)
        let outputs = try job.run()
        line.finish()
        if json {
            Console.result(try JSON.text(["outputs": outputs]))
        } else if !shared.quiet {
            for output in outputs {
                Console.result("\(output.name): \(output.elementType)\(output.shape) -> \(output.file)")
            }
        }
    }
}
