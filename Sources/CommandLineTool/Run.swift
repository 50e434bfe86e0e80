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
        let outputs = try shared.perform { options in
            var job = InferenceJob(model: model, inputs: inputs, outputFolder: outputDir)
            job.outputFormat = outputFormat
            job.options = options
            return try job.run()
        }
        try Console.result(
            json
                ? try JSON.text(["outputs": outputs])
                : Table(
                    columns: [("output", .left), ("type", .left), ("file", .left)],
                    rows: outputs.map { output in
                        let shape = output.shape.map(String.init).joined(separator: ",")
                        return [output.name, "\(output.elementType)[\(shape)]", output.file]
                    }
                ).text
        )
    }
}
