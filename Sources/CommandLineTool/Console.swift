import CNNOpt
import Foundation

/// Standard output for results, standard error for messages.
enum Console {
    /// Prints a result.
    /// - Throws: `inputOutput` where it cannot be written. A reader that closes early wants no more: that is no failure.
    static func result(_ text: String) throws(CNNOptError) {
        let reason = write(text + "\n", to: STDOUT_FILENO)
        if reason != 0, reason != EPIPE { throw .cannotPrint(String(cString: strerror(reason))) }
    }

    static func error(_ text: String) { message("cnnopt: error: \(text)") }
    static func message(_ text: String) { write(text + "\n", to: STDERR_FILENO) }

    /// - Returns: 0, or the `errno` of what went wrong.
    @discardableResult
    static func write(_ text: String, to descriptor: Int32) -> Int32 {
        let bytes = Array(text.utf8)
        return bytes.withUnsafeBytes { buffer in
            var done = 0
            while done < buffer.count {
                let rest = UnsafeRawBufferPointer(rebasing: buffer[done...])
                let written = Foundation.write(descriptor, rest.baseAddress, rest.count)
                if written < 0 {
                    if errno == EINTR { continue }
                    return errno
                }
                done += written
            }
            return 0
        }
    }

    /// Whether standard error is a terminal.
    static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    /// Columns of the terminal behind standard error.
    static var width: Int {
        var size = winsize()
        return ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
    }
}
