import Foundation
import TestSupport
import Testing

/// What `schemas/regenerate --check` says on this machine.
private struct Regeneration {
    let status: Int32
    let output: String

    static let check = Result { try Regeneration() }

    /// False where protoc-c is absent, or is another version with another output than the one that made the committed code.
    static var isComparable: Bool { (try? check.get().status) != 77 }

    private init() throws {
        let process = Process()
        process.executableURL = SharedMaterial.packageRoot.appendingPathComponent("schemas/regenerate")
        process.arguments = ["--check"]
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        status = process.terminationStatus
    }
}

@Test(.enabled(if: Regeneration.isComparable, "protoc-c is absent or another version than made the committed code"))
func theCommittedCodeIsWhatTheSchemaGives() throws {
    let check = try Regeneration.check.get()
    #expect(check.status == 0, "\(check.output)")
}
