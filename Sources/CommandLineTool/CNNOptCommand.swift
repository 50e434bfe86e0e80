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
            cnnopt model.onnx small.onnx --passes simplify,prune(ratio=0.3),quant --data images/ --labels labels.txt
            """,
        version: "0.1.0",
        subcommands: [Optimize.self, Summary.self, Run.self, Validate.self, ListPasses.self, ListOperators.self],
        defaultSubcommand: Optimize.self
    )

    static func main() {
        Interruption.install()
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch let error as CNNOptError {
            Console.error(error.description)
            Foundation.exit(error.exitStatus)
        } catch let error as RecipeError {
            Console.error(error.message)
            Foundation.exit(error.status)
        } catch {
            exit(withError: error)
        }
    }
}
