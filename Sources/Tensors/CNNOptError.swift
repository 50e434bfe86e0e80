/// Every failure that cnnopt reports: what went wrong, where, and what to do about it.
///
/// It lives in the lowest target so that data readers and kernels throw the same type.
public struct CNNOptError: Error, Sendable, Equatable {
    /// The kind of failure; each has one exit status.
    public enum Code: String, Sendable {
        case usage, invalidModel, invalidData, missingInput, unsupported, internalFault
        case cannotCreateOutput, inputOutput, gateFailed, interrupted
    }

    /// Where it happened, as far as it is known.
    public struct Location: Sendable, Equatable {
        public var file: String?
        public var byteOffset: Int?
        public var pass: String?
        public var node: String?
        public var operatorName: String?
        public var value: String?

        package init() {}
    }

    public var code: Code
    public var message: String
    public var remedy: String?
    public var location = Location()

    package init(_ code: Code, _ message: String, remedy: String? = nil) {
        self.code = code
        self.message = message
        self.remedy = remedy
    }

    /// The process exit status of CLI.md.
    public var exitStatus: Int32 {
        switch code {
        case .gateFailed: 1
        case .usage: 64
        case .invalidModel, .invalidData: 65
        case .missingInput: 66
        case .unsupported: 69
        case .internalFault: 70
        case .cannotCreateOutput: 73
        case .inputOutput: 74
        case .interrupted: 130
        }
    }
}

extension CNNOptError {
    /// The same error with the file named, unless an inner level named one.
    package func inFile(_ path: String) -> CNNOptError { with { $0.file = $0.file ?? path } }

    /// The same error with the byte offset in the file.
    package func atByte(_ offset: Int) -> CNNOptError { with { $0.byteOffset = $0.byteOffset ?? offset } }

    /// The same error with the pass named.
    package func inPass(_ name: String) -> CNNOptError { with { $0.pass = $0.pass ?? name } }

    /// The same error with the node and its operator named.
    package func atNode(_ name: String, operatorName: String) -> CNNOptError {
        with {
            if $0.node == nil {
                $0.node = name
                $0.operatorName = operatorName
            }
        }
    }

    /// The same error with the tensor or value named.
    package func atValue(_ name: String) -> CNNOptError { with { $0.value = $0.value ?? name } }

    private func with(_ change: (inout Location) -> Void) -> CNNOptError {
        var copy = self
        change(&copy.location)
        return copy
    }
}

extension CNNOptError: CustomStringConvertible {
    /// One line: file, place, message, remedy. Control characters from file names are shown escaped.
    public var description: String {
        var place: [String] = []
        if let file = location.file { place.append(file) }
        if let offset = location.byteOffset { place.append("byte \(offset)") }
        if let pass = location.pass { place.append("pass \(pass)") }
        if let node = location.node {
            place.append("node '\(node)'" + (location.operatorName.map { " (\($0))" } ?? ""))
        }
        if let value = location.value { place.append("tensor '\(value)'") }
        place.append(message)
        let line = place.joined(separator: ": ") + (remedy.map { "; \($0)" } ?? "")
        return line.oneLine
    }
}

extension String {
    /// The text with control characters escaped and at most 2,000 characters, safe to print as one line.
    package var oneLine: String {
        var out = ""
        for scalar in unicodeScalars.prefix(2_000) {
            if scalar.value < 32 || (127..<160).contains(scalar.value) || scalar.value == 0x2028
                || scalar.value == 0x2029
            {
                out += scalar.escaped(asASCII: true)
            } else {
                out.unicodeScalars.append(scalar)
            }
        }
        return unicodeScalars.count > 2_000 ? out + "…" : out
    }
}
