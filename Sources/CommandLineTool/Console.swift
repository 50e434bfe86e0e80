import Foundation

/// Standard output for results, standard error for messages.
enum Console {
    static func result(_ text: String) { write(text + "\n", to: .standardOutput) }
    static func message(_ text: String) { write(text + "\n", to: .standardError) }
    static func error(_ text: String) { write("cnnopt: error: \(text)\n", to: .standardError) }

    static func write(_ text: String, to handle: FileHandle) { try? handle.write(contentsOf: Data(text.utf8)) }

    /// Whether standard error is a terminal.
    static var isTerminal: Bool { isatty(FileHandle.standardError.fileDescriptor) == 1 }
}
