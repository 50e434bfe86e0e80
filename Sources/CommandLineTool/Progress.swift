import ArgumentParser
import Foundation

/// How progress is shown.
enum ProgressStyle: String, ExpressibleByArgument, CaseIterable {
    case auto, plain, none
}

/// A progress line on standard error for work that takes more than a second: rewritten in place on a terminal, a plain line
/// every few seconds elsewhere and in CI.
///
/// Unchecked: what changes is guarded by the lock.
final class ProgressLine: @unchecked Sendable {
    private let lock = NSLock()
    private let start = Date()
    private let style: ProgressStyle
    private let rewrites: Bool
    private var lastShown: Date?
    private var lastText = ""
    private var isOpen = false

    init(_ style: ProgressStyle) {
        self.style = style
        let environment = ProcessInfo.processInfo.environment
        rewrites = style == .auto && Console.isTerminal && environment["CI"] == nil && environment["TERM"] != "dumb"
    }

    /// Shows a text and, where it is known, the fraction done.
    func update(_ text: String, _ fraction: Double?) {
        lock.lock()
        defer { lock.unlock() }
        guard style != .none else { return }
        let now = Date()
        guard now.timeIntervalSince(start) > 1 else { return }
        let interval = rewrites ? 0.1 : 5.0
        guard
            lastShown == nil || now.timeIntervalSince(lastShown ?? start) >= interval || (!rewrites && text != lastText)
        else { return }
        lastShown = now
        lastText = text
        let percent = fraction.map { " \(Int(100 * min(max($0, 0), 1))) %" } ?? ""
        let seconds = Int(now.timeIntervalSince(start))
        if rewrites {
            // A line that wraps could not be rewritten.
            let line = "\(text)\(percent)  \(seconds) s".prefix(max(Console.width - 1, 1))
            Console.write("\r\u{1B}[K\(line)", to: STDERR_FILENO)
            isOpen = true
        } else {
            Console.message("\(text)\(percent) (\(seconds) s)")
        }
    }

    /// Clears the line.
    func finish() {
        lock.lock()
        defer { lock.unlock() }
        if isOpen { Console.write("\r\u{1B}[K", to: STDERR_FILENO) }
        isOpen = false
    }
}
