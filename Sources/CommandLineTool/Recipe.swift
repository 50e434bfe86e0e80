import ArgumentParser
import CNNOpt
import Foundation
import Yams

/// A recipe file: the main job's options in YAML, under their names without dashes in front.
///
/// It becomes arguments that stand before those of the command line, so that both mean the same and the latter win.
struct Recipe {
    private enum Kind { case value, list, flag }

    private static let keys: [(name: String, kind: Kind)] = [
        ("passes", .list), ("data", .value), ("labels", .value), ("label-offset", .value), ("preprocess", .value),
        ("samples", .value), ("eval-data", .value), ("eval-labels", .value), ("max-drop", .value), ("check", .value),
        ("target-size", .value),
        ("opset", .value), ("fold-large", .flag), ("stop-after-patch", .value),
        ("report", .value), ("input-shape", .list), ("batch", .value), ("threads", .value), ("seed", .value),
        ("backend", .value), ("progress", .value), ("json", .flag), ("quiet", .flag), ("verbose", .flag),
    ]

    private var entries: [(name: String, arguments: [String])] = []

    /// Reads and checks a recipe.
    /// - Throws: `missingInput` or `usage` naming the file and what is wrong in it.
    init(path: String) throws(CNNOptError) {
        guard let bytes = FileManager.default.contents(atPath: path) else { throw .unreadable("--config", path) }
        let root: Node?
        do {
            root = try Yams.compose(yaml: String(decoding: bytes, as: UTF8.self))
        } catch {
            let reason = "\(error)".split(separator: "\n").joined(separator: " ")
            throw .recipe("not a recipe in YAML: \(reason)", path)
        }
        // An empty file asks for nothing.
        guard let root else { return }
        guard let mapping = root.mapping else { throw .recipe("not a recipe: 'option: value' lines are wanted", path) }
        for (key, value) in mapping {
            let name = key.string ?? ""
            guard let kind = Self.keys.first(where: { $0.name == name })?.kind else {
                let known = Self.keys.map(\.name).joined(separator: ", ")
                throw .recipe("unknown key '\(name)'; there are: \(known)", path)
            }
            guard let arguments = Self.arguments(name, kind, value) else {
                throw .recipe("'\(name)' has the wrong type: \(Self.wanted(kind))", path)
            }
            entries.append((name, arguments))
        }
        do {
            _ = try Optimize.parse(["input", "output"] + arguments(keepingInputShapes: true))
        } catch {
            throw .recipe(Optimize.message(for: error), path)
        }
    }

    /// The recipe as arguments. Input shapes of the command line replace those of the recipe.
    func arguments(keepingInputShapes: Bool) -> [String] {
        entries.filter { keepingInputShapes || $0.name != "input-shape" }.flatMap(\.arguments)
    }

    /// The arguments of one entry; nil where the value has the wrong type.
    private static func arguments(_ name: String, _ kind: Kind, _ value: Node) -> [String]? {
        switch kind {
        case .flag:
            return value.bool.map { $0 ? ["--\(name)"] : [] }
        case .value:
            return text(value).map { ["--\(name)=\($0)"] }
        case .list:
            guard let sequence = value.sequence else { return text(value).map { ["--\(name)=\($0)"] } }
            let items = sequence.map(text)
            guard !items.isEmpty, !items.contains(nil) else { return nil }
            let all = items.compactMap { $0 }
            return name == "passes" ? ["--passes=\(all.joined(separator: ","))"] : all.map { "--\(name)=\($0)" }
        }
    }

    /// A scalar as it is written in the file; nil for anything else and for an empty value.
    private static func text(_ node: Node) -> String? {
        guard node.null == nil, let text = node.scalar?.string, !text.isEmpty else { return nil }
        return text
    }

    private static func wanted(_ kind: Kind) -> String {
        switch kind {
        case .flag: "true or false is wanted"
        case .value: "one value is wanted"
        case .list: "one value or a list of values is wanted"
        }
    }
}

extension CNNOptError {
    fileprivate static func recipe(_ message: String, _ path: String) -> CNNOptError {
        CNNOptError(.usage, message).inFile(path)
    }

    fileprivate static func unreadable(_ option: String, _ path: String) -> CNNOptError {
        CNNOptError(.missingInput, "cannot be read", remedy: "check the name given to \(option)").inFile(path)
    }

    static func cannotPrint(_ reason: String) -> CNNOptError {
        CNNOptError(.inputOutput, "standard output cannot be written: \(reason)")
    }
}
