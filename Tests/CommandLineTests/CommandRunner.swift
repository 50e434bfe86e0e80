import Foundation
import TestSupport
import Testing

/// What a run of the built command printed and how it ended.
struct CommandResult: Sendable {
    var status: Int32
    var output: String
    var errors: String
}

/// The built command.
let commandURL = URL(fileURLWithPath: ProcessInfo.processInfo.arguments[0])
    .deletingLastPathComponent().appendingPathComponent("cnnopt")

/// Runs the built `cnnopt` from the package's root.
func cnnopt(_ arguments: [String]) throws -> CommandResult { try run(commandURL, arguments) }

/// Runs a program from the package's root.
/// - Parameter environment: variables to set beside those of this process.
func run(_ program: URL, _ arguments: [String], environment: [String: String] = [:]) throws -> CommandResult {
    let process = Process()
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.executableURL = program
    process.arguments = arguments
    process.currentDirectoryURL = SharedMaterial.packageRoot
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    // Both ends are read at once: a full pipe would stop the process.
    let reader = ErrorReader(errors.fileHandleForReading)
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return CommandResult(status: process.terminationStatus, output: text, errors: reader.text)
}

private final class ErrorReader: @unchecked Sendable {
    private let group = DispatchGroup()
    private var data = Data()

    init(_ handle: FileHandle) {
        DispatchQueue.global().async(group: group) { self.data = handle.readDataToEndOfFile() }
    }

    var text: String {
        group.wait()
        return String(decoding: data, as: UTF8.self)
    }
}

/// Compares what a command printed with `Snapshots/<name>.txt`. `UPDATE_SNAPSHOTS=1` writes the files anew instead; read the
/// difference before you commit it.
/// - Parameter folder: a temporary folder, shown as `<tmp>`.
func expectSnapshot(
    _ name: String,
    _ result: CommandResult,
    folder: URL? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
) throws {
    var text = "status \(result.status)\n--- output\n\(result.output)--- errors\n\(result.errors)"
    if let folder { text = text.replacingOccurrences(of: folder.path, with: "<tmp>") }
    let file = SharedMaterial.packageRoot.appendingPathComponent("Tests/CommandLineTests/Snapshots/\(name).txt")
    if ProcessInfo.processInfo.environment["UPDATE_SNAPSHOTS"] == "1" {
        try text.write(to: file, atomically: true, encoding: .utf8)
        return
    }
    let expected = try String(contentsOf: file, encoding: .utf8)
    #expect(text == expected, "snapshot \(name) differs", sourceLocation: sourceLocation)
}
