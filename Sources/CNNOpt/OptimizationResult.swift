import Passes

/// What the main job did, measured before and after.
public struct OptimizationResult: Sendable, Encodable {
    /// The size of a model.
    public struct Figures: Sendable, Encodable {
        /// With external data; nil where the model was not written.
        public var fileBytes: Int?
        public var weightBytes: Int
        public var parameters: Int
        /// Multiply-accumulates for one run at batch 1; nil where shapes stay unknown.
        public var macs: Int?
        public var nodes: Int
    }

    /// What one pass did.
    public struct Pass: Sendable, Encodable {
        /// What happened to one layer.
        public struct Layer: Sendable, Encodable {
            public var name: String
            public var `operator`: String
            /// nil where the layer was left alone.
            public var change: String?
            /// Why it was left alone, or a remark.
            public var note: String?
        }

        /// One change of the graph by one rule of simplify.
        public struct Patch: Sendable, Encodable {
            public var rule: String
            /// The node that the rule matched at, as it was called then, and its operator.
            public var node: String
            public var `operator`: String
        }

        public var name: String
        public var summary: String
        public var layers: [Layer]
        public var notes: [String]
        /// Every change in its order; empty for passes that do not work by rules.
        public var patches: [Patch]

        init(_ report: PassReport) {
            name = report.pass
            summary = report.summary
            notes = report.notes
            patches = report.patches.map { Patch(rule: $0.rule, node: $0.node, operator: $0.operatorName) }
            layers = report.layers.map {
                Layer(name: $0.name, operator: $0.operatorName, change: $0.change, note: $0.note)
            }
        }
    }

    public var input: String
    public var output: String
    /// Whether the output was written: not where the gate did not hold.
    public var written = false
    public var before: Figures
    public var after: Figures
    /// On images where there are some, else on seeded random inputs; nil where nothing was measured: ``notes`` say why.
    public var comparison: Comparison?
    /// What was asked for with `check` beside the images: the comparison on seeded random inputs.
    public var check: Comparison?
    /// The limit that the user set; nil where none was set.
    public var gate: Gate?
    public var passes: [Pass] = []
    public var notes: [String] = []
}

// Every key is always there: what was not measured is null.

extension OptimizationResult {
    private enum Key: String, CodingKey {
        case input, output, written, before, after, measuredOn, comparison, check, gate, passes, notes
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(input, forKey: .input)
        try container.encode(output, forKey: .output)
        try container.encode(written, forKey: .written)
        try container.encode(before, forKey: .before)
        try container.encode(after, forKey: .after)
        try container.encode(comparison.map { $0.isOnRandomInputs ? "random inputs" : "images" }, forKey: .measuredOn)
        try container.encode(comparison, forKey: .comparison)
        try container.encode(check, forKey: .check)
        try container.encode(gate, forKey: .gate)
        try container.encode(passes, forKey: .passes)
        try container.encode(notes, forKey: .notes)
    }
}

extension OptimizationResult.Figures {
    private enum Key: String, CodingKey { case fileBytes, weightBytes, parameters, macs, nodes }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(fileBytes, forKey: .fileBytes)
        try container.encode(weightBytes, forKey: .weightBytes)
        try container.encode(parameters, forKey: .parameters)
        try container.encode(macs, forKey: .macs)
        try container.encode(nodes, forKey: .nodes)
    }
}

extension OptimizationResult.Pass.Layer {
    private enum Key: String, CodingKey { case name, `operator`, change, note }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(name, forKey: .name)
        try container.encode(`operator`, forKey: .operator)
        try container.encode(change, forKey: .change)
        try container.encode(note, forKey: .note)
    }
}
