import GraphIR
import Tensors

/// A transformation of a model.
///
/// A pass changes the model, not the graph alone: it may have to raise the operator set or leave metadata, which belong to
/// the model. It edits the graph through `Patch`.
package protocol Pass: Sendable {
    /// Name, summary and arguments, as `cnnopt passes` lists them.
    static var info: PassInfo { get }

    /// Takes the arguments of `--passes name(key=value,…)`.
    /// - Throws: `usage` for an argument that is out of range.
    init(_ arguments: PassArguments) throws(CNNOptError)

    /// Transforms the model, or throws and leaves it in an undefined state that the caller discards.
    /// - Returns: what was done to every layer, and why a layer was left alone.
    func run(_ model: inout Model, _ context: PassContext) throws(CNNOptError) -> PassReport
}

/// What a pass is called and takes.
package struct PassInfo: Sendable {
    package struct Argument: Sendable {
        package let name: String
        /// What it may be, such as `0…1` or `l2|l1`.
        package let values: String
        package let defaultValue: String
        package let help: String

        package init(_ name: String, values: String, default defaultValue: String, help: String) {
            self.name = name
            self.values = values
            self.defaultValue = defaultValue
            self.help = help
        }
    }

    package let name: String
    package let summary: String
    package let arguments: [Argument]
    /// Whether the numbers that the network computes may change: such a pass is always compared with the original.
    package let changesWeights: Bool

    /// Whether an argument is either true or false.
    func takesFlag(_ name: String) -> Bool { arguments.contains { $0.name == name && $0.values == "true|false" } }

    package init(name: String, summary: String, arguments: [Argument], changesWeights: Bool) {
        self.name = name
        self.summary = summary
        self.arguments = arguments
        self.changesWeights = changesWeights
    }
}

/// The arguments of one pass, checked against its ``PassInfo`` when they are read.
package struct PassArguments: Sendable {
    private let passName: String
    private let values: [String: String]

    /// The arguments that were given.
    var names: Set<String> { Set(values.keys) }

    package init(passName: String = "", _ values: [String: String] = [:]) {
        self.passName = passName
        self.values = values
    }

    private func wrong(_ name: String, _ value: String, _ wanted: String) -> CNNOptError {
        CNNOptError(.usage, "\(passName)(\(name)=\(value)): \(wanted)")
    }

    /// A number; nil where it is not given.
    package func number(_ name: String, in range: ClosedRange<Double>) throws(CNNOptError) -> Double? {
        guard let text = values[name] else { return nil }
        guard let value = Double(text), range.contains(value) else {
            throw wrong(name, text, "a number from \(range.lowerBound) to \(range.upperBound) is wanted")
        }
        return value
    }

    /// A whole number; nil where it is not given.
    package func integer(_ name: String, in range: ClosedRange<Int>) throws(CNNOptError) -> Int? {
        guard let text = values[name] else { return nil }
        guard let value = Int(text), range.contains(value) else {
            throw wrong(name, text, "a whole number from \(range.lowerBound) to \(range.upperBound) is wanted")
        }
        return value
    }

    /// One of several words; the default where it is not given.
    package func choice<T: RawRepresentable & CaseIterable>(
        _ name: String,
        default value: T
    ) throws(CNNOptError) -> T where T.RawValue == String {
        guard let text = values[name] else { return value }
        guard let choice = T(rawValue: text) else {
            throw wrong(name, text, "one of \(T.allCases.map(\.rawValue).joined(separator: ", ")) is wanted")
        }
        return choice
    }

    /// `true` or `false`; the default where it is not given.
    package func flag(_ name: String, default value: Bool) throws(CNNOptError) -> Bool {
        guard let text = values[name] else { return value }
        guard let flag = Bool(text) else { throw wrong(name, text, "true or false is wanted") }
        return flag
    }
}
