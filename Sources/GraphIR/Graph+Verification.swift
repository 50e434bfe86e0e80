import Tensors

extension Graph {
    /// Checks that every used value has exactly one source and that there is no cycle.
    /// - Parameter outer: names that the enclosing graphs provide; empty for the main graph.
    /// - Throws: `invalidModel` naming node and value.
    package func verify(outer: Set<String> = []) throws(CNNOptError) {
        var scope: Set<String>?
        for id in nodeIDs {
            for case let input? in self[id].inputs where isOuter(input) && !outer.contains(self[input].name) {
                throw missing(input).atNode(displayName(id), operatorName: self[id].operatorName.description)
            }
            let subgraphs = self[id].subgraphs
            guard !subgraphs.isEmpty else { continue }
            let visible = scope ?? outer.union(valueIDs.lazy.filter { !isOuter($0) }.map { self[$0].name })
            scope = visible
            do {
                for graph in subgraphs { try graph.verify(outer: visible) }
            } catch {
                throw error.atNode(displayName(id), operatorName: self[id].operatorName.description)
            }
        }
        for output in outputs where isOuter(output) && !outer.contains(self[output].name) { throw missing(output) }
        _ = try topologicalOrder()
    }

    private func missing(_ id: ValueID) -> CNNOptError {
        CNNOptError(
            .invalidModel,
            "nothing provides '\(self[id].name)': no node, graph input or initialiser has that name",
            remedy: "the file is damaged; export it again"
        )
    }
}
