import ArgumentParser
import CNNOpt
import Foundation

/// The root of the command line.
@main
struct CNNOptCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cnnopt",
        abstract: "Makes trained convolutional networks smaller and faster, and measures that they still work.",
        discussion: """
            cnnopt model.onnx small.onnx --passes 'simplify,prune(ratio=0.3),quant' --data images --labels labels.txt
            """,
        version: "0.1.0",
        subcommands: [
            Optimize.self, Summary.self, Run.self, Validate.self, Bench.self, Pack.self, Unpack.self, ListPasses.self,
            ListOperators.self,
        ],
        defaultSubcommand: Optimize.self
    )

    static func main() {
        Interruption.install()
        do {
            var command = try parse(Array(CommandLine.arguments.dropFirst()))
            try command.run()
        } catch let error as CNNOptError {
            Console.error(error.description)
            Foundation.exit(error.exitStatus)
        } catch {
            end(with: error)
        }
    }

    /// Parses the command line; what a recipe says comes first, so that the command line overrides it.
    private static func parse(_ arguments: [String]) throws -> any ParsableCommand {
        let command = try parseAsRoot(arguments)
        guard let job = command as? Optimize, let path = job.config else { return command }
        let recipe = try Recipe(path: path).arguments(keepingInputShapes: job.shared.inputShapes.isEmpty)
        let name = Optimize.configuration.commandName ?? ""
        return try parseAsRoot([name] + recipe + (arguments.first == name ? arguments.dropFirst() : arguments[...]))
    }

    /// Ends the process for what the parser reports: help, wrong usage, or a status of ours.
    private static func end(with error: any Error) -> Never {
        let status = exitCode(for: error)
        if error is ExitCode || status.isSuccess { exit(withError: error) }
        guard status == .validationFailure else {
            Console.error("internal fault: \(error)")
            Foundation.exit(70)
        }
        let message = fullMessage(for: error)
        Console.error(message.hasPrefix("Error: ") ? String(message.dropFirst(7)) : message)
        Foundation.exit(status.rawValue)
    }
}
