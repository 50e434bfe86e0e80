import Tensors

/// A parsed `--passes` list: `simplify,prune(ratio=0.5,criterion=l2),quant`.
package struct PassList: Sendable {
    package let passes: [any Pass]

    package init(_ passes: [any Pass]) { self.passes = passes }

    /// Whether any pass may change what the network computes.
    package var changesWeights: Bool { passes.contains { type(of: $0).info.changesWeights } }

    /// Parses the list. `none` stands for no pass.
    /// - Throws: `usage` naming an unknown pass or argument, the nearest one, and the rest.
    package init(parsing text: String, registry: [any Pass.Type] = PassRegistry.all) throws(CNNOptError) {
        var passes: [any Pass] = []
        for entry in try Self.entries(text) {
            if entry.name == "none", entry.arguments.isEmpty { continue }
            let names = registry.map { $0.info.name }
            guard let type = registry.first(where: { $0.info.name == entry.name }) else {
                throw Self.unknown("pass", entry.name, names + ["none"])
            }
            var values: [String: String] = [:]
            for (key, value) in entry.arguments {
                let known = type.info.arguments.map(\.name)
                guard known.contains(key) else { throw Self.unknown("argument of \(entry.name)", key, known) }
                // What can be switched on needs no value.
                guard let value = value ?? (type.info.takesFlag(key) ? "true" : nil) else {
                    throw CNNOptError(.usage, "--passes: '\(key)' is not key=value")
                }
                guard values.updateValue(value, forKey: key) == nil else {
                    throw CNNOptError(.usage, "\(entry.name): argument '\(key)' is given twice")
                }
            }
            passes.append(try type.init(PassArguments(passName: entry.name, values)))
        }
        self.passes = passes
    }

    private static func unknown(_ kind: String, _ name: String, _ known: [String]) -> CNNOptError {
        let nearest = nearestName(to: name, among: known).map { "did you mean '\($0)'? " } ?? ""
        let rest = known.isEmpty ? "it takes none" : "there are: \(known.joined(separator: ", "))"
        return CNNOptError(.usage, "unknown \(kind) '\(name)'", remedy: nearest + rest)
    }

    private struct Entry {
        var name: String
        /// A name alone has no value.
        var arguments: [(String, String?)]
    }

    private static func entries(_ text: String) throws(CNNOptError) -> [Entry] {
        var entries: [Entry] = []
        var rest = Substring(text)
        repeat {
            let head = rest.prefix { $0 != "," && $0 != "(" }
            rest = rest.dropFirst(head.count)
            var entry = Entry(name: head.trimmed, arguments: [])
            if rest.first == "(" {
                guard let close = rest.firstIndex(of: ")") else {
                    throw CNNOptError(.usage, "--passes: the bracket after '\(entry.name)' is not closed")
                }
                for part in rest[rest.index(after: rest.startIndex)..<close].split(
                    separator: ",",
                    omittingEmptySubsequences: true
                ) {
                    let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                    entry.arguments.append((pair[0].trimmed, pair.count == 2 ? pair[1].trimmed : nil))
                }
                rest = rest[rest.index(after: close)...]
                guard rest.isEmpty || rest.first == "," else {
                    throw CNNOptError(.usage, "--passes: a comma is missing before '\(rest.trimmed)'")
                }
            }
            guard !entry.name.isEmpty else { throw CNNOptError(.usage, "--passes: a name is missing in '\(text)'") }
            entries.append(entry)
            guard rest.first == "," else { break }
            rest = rest.dropFirst()
        } while true
        return entries
    }
}

extension Substring {
    /// Without spaces at both ends.
    fileprivate var trimmed: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
