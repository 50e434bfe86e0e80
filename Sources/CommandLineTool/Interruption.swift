import CNNOpt
import Dispatch
import Foundation

/// Ctrl-C and termination: temporary files go, the process ends with status 130.
enum Interruption {
    private static let signals: [Int32] = [SIGINT, SIGTERM, SIGHUP]
    // Sources live as long as the process.
    nonisolated(unsafe) private static var sources: [any DispatchSourceSignal] = []

    static func install() {
        for number in signals {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global(qos: .userInteractive))
            source.setEventHandler {
                discardUnfinishedOutputs()
                FileHandle.standardError.write(Data("\ncnnopt: interrupted; nothing was written\n".utf8))
                _exit(130)
            }
            source.resume()
            sources.append(source)
        }
        // A reader that closes our standard output early is no crash.
        signal(SIGPIPE, SIG_IGN)
    }
}
