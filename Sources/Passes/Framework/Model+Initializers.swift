import GraphIR
import Tensors

extension Model {
    /// Takes initialisers off the graph inputs, where old files list them, and raises the IR version to 4, which allows that.
    /// - Returns: how many there were.
    @discardableResult
    package mutating func separateInitializersFromInputs(author: String) throws(CNNOptError) -> Int {
        let listed = graph.inputs.filter { graph[$0].constant != nil }
        if !listed.isEmpty {
            var patch = Patch(graph, author: author)
            for id in listed { patch.removeInput(id) }
            try graph.apply(patch)
        }
        if let version = irVersion, version < 4, !graph.initializers.isEmpty { irVersion = 4 }
        return listed.count
    }

    /// Removes initialisers of the main graph that nothing uses.
    /// - Returns: how many there were.
    @discardableResult
    package mutating func removeUnusedInitializers(author: String) throws(CNNOptError) -> Int {
        try graph.removeUnusedInitializers(author: author)
    }
}

extension Graph {
    /// Removes initialisers that no node, subgraph or graph output uses, also from the inputs. A graph whose file names
    /// tensors in parts that are carried through unread keeps them all.
    /// - Returns: how many there were.
    @discardableResult
    package mutating func removeUnusedInitializers(author: String) throws(CNNOptError) -> Int {
        guard residue.isEmpty else { return 0 }
        let unused = initializers.filter { self[$0].uses.isEmpty && !self[$0].isGraphOutput }
        guard !unused.isEmpty else { return 0 }
        var patch = Patch(self, author: author)
        for id in unused {
            patch.removeConstant(id)
            if self[id].isGraphInput { patch.removeInput(id) }
        }
        try apply(patch)
        return unused.count
    }
}
