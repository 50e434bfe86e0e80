import Tensors

/// What a pass did.
package struct PassReport: Sendable {
    /// What happened to one layer.
    package struct Layer: Sendable {
        package var name: String
        package var operatorName: String
        /// What was done, such as `64 → 48 channels`; nil where the layer was left alone.
        package var change: String?
        /// Why it was left alone, or a remark.
        package var note: String?

        package init(name: String, operatorName: String, change: String? = nil, note: String? = nil) {
            self.name = name
            self.operatorName = operatorName
            self.change = change
            self.note = note
        }
    }

    /// One change of the graph by one rule.
    package struct Patch: Sendable {
        package var rule: String
        /// The node that the rule matched at, as it was called then, and its operator.
        package var node: String
        package var operatorName: String
    }

    package var pass: String
    /// One line: what came of it.
    package var summary: String
    package var layers: [Layer]
    /// Remarks on the whole, each one sentence.
    package var notes: [String]
    /// Every change in its order, of passes that work by rules.
    package var patches: [Patch] = []

    package init(pass: String, summary: String, layers: [Layer] = [], notes: [String] = []) {
        self.pass = pass
        self.summary = summary
        self.layers = layers
        self.notes = notes
    }
}
