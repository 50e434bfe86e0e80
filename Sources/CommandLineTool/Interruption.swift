import CNNOpt
import Dispatch
import Foundation

/// Ctrl-C and termination: temporary files go, the process ends with status 130.
enum Interruption {
    // Sources live as long as the process.
    nonisolated(unsafe) private static var sources: [any DispatchSourceSignal] = []

    static func install() {
        for number in [SIGINT, SIGTERM, SIGHUP] {
            let isIgnored = signal(number, SIG_IGN).map { unsafeBitCast($0, to: Int.self) == ignored } ?? false
            // `nohup` asks to outlive the terminal.
            if number == SIGHUP, isIgnored { continue }
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global(qos: .userInteractive))
            source.setEventHandler {
                discardUnfinishedOutputs()
                Console.message("\ncnnopt: interrupted; nothing half-written is left")
                _exit(130)
            }
            source.resume()
            sources.append(source)
        }
        // A reader that closes our standard output early is no crash.
        signal(SIGPIPE, SIG_IGN)
        // Nor is a limit on the size of files: the write fails, and says so.
        signal(SIGXFSZ, SIG_IGN)
    }

    /// The value of SIG_IGN on every supported system.
    private static let ignored = 1
}
