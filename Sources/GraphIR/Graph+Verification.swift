import Tensors

extension Graph {
    /// Checks that every used value has exactly one source and that there is no cycle, in the subgraphs too.
    /// - Throws: `invalidModel` naming node and value.
    package func verify() throws(CNNOptError) { try verify { _ in false } }

    /// - Parameter isOutside: whether the enclosing graphs provide a name.
    private func verify(_ isOutside: (String) -> Bool) throws(CNNOptError) {
        func isMissing(_ id: ValueID) -> Bool { isOuter(id) && !isOutside(self[id].name) }

        for id in nodeIDs {
            let node = self[id]
            for case let input? in node.inputs where isMissing(input) {
                throw missing(input).atNode(displayName(id), operatorName: node.operatorName.description)
            }
            for subgraph in node.subgraphs {
                do {
                    try subgraph.verify { name in value(named: name).map { !isOuter($0) } ?? false || isOutside(name) }
                } catch {
                    throw error.atNode(displayName(id), operatorName: node.operatorName.description)
                }
            }
        }
        for output in outputs where isMissing(output) { throw missing(output) }
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
