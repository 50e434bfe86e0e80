import ArgumentParser
import CNNOpt
import Reports

/// `cnnopt passes`.
struct ListPasses: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "passes", abstract: "List what --passes can name.")
    @Flag(help: "Print one JSON document.") var json = false

    func run() throws {
        let passes = Capabilities.passes
        if json { return try Console.result(try JSON.text(["passes": passes])) }
        try Console.result(
            passes.map { pass in
                let arguments = Table(
                    columns: [("  argument", .left), ("values", .left), ("default", .left), ("", .left)],
                    rows: pass.arguments.map { ["  " + $0.name, $0.values, $0.default, $0.help] }
                )
                return "\(pass.name): \(pass.summary)" + (pass.arguments.isEmpty ? "" : "\n" + arguments.text)
            }.joined(separator: "\n\n")
        )
    }
}

/// `cnnopt operators`.
struct ListOperators: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "operators",
        abstract: "List the operators that this build executes."
    )
    @Flag(help: "Print one JSON document.") var json = false

    func run() throws {
        let operators = Capabilities.operators
        if json { return try Console.result(try JSON.text(["operators": operators])) }
        try Console.result(
            Table(
                columns: [("operator", .left), ("changed in opsets", .left), ("quantisable", .left)],
                rows: operators.map {
                    [$0.name, $0.versions.map(String.init).joined(separator: ", "), $0.isQuantizable ? "yes" : ""]
                }
            ).text
        )
    }
}
