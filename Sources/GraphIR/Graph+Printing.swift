extension Graph: CustomStringConvertible {
    /// One line a node: outputs = operator(inputs), for logs and test failures.
    package var description: String {
        func names(_ ids: [ValueID?]) -> String { ids.map { $0.map { self[$0].name } ?? "_" }.joined(separator: ", ") }
        var lines = ["graph \(name ?? "") (\(names(inputs))) -> (\(names(outputs)))"]
        for id in nodeIDs {
            lines.append("  \(names(self[id].outputs)) = \(self[id].operatorName)(\(names(self[id].inputs)))")
        }
        return lines.joined(separator: "\n")
    }
}
