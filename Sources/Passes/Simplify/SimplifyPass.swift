import GraphIR
import Operators
import Tensors

/// Makes the graph smaller without changing what it computes: see docs/simplify.md.
package struct SimplifyPass: Pass {
    package static let info = PassInfo(
        name: "simplify",
        summary: "folds constants and batch normalisation, removes nodes and initialisers without effect",
        arguments: [
            PassInfo.Argument(
                "fold-large",
                values: "true|false",
                default: "false",
                help: "fold constants even where the model grows by more than 1 MiB"
            ),
            PassInfo.Argument(
                "stop-after",
                values: "0…1000000000",
                default: "none",
                help: "apply only the first so many patches"
            ),
        ],
        changesWeights: false
    )

    /// In the order in which they are tried at each node.
    static let rules: [any RewriteRule.Type] = [
        RemoveDeadNodes.self, StoreConstants.self, ForwardInputs.self, FoldConstants.self, StoreShapes.self,
        MergeConsecutive.self, MergeReshapes.self, MergeConcatenations.self, RejoinParts.self,
        DropExpansions.self, DropUnusedOutputs.self, TakeBranches.self, SkipLoops.self,
        FoldChannelAffine.self, AbsorbPadding.self,
    ]
    static let sweeps: [any RewriteSweep.Type] = [MergeDuplicates.self, CancelTransposes.self]

    private let options: SimplifyOptions

    package init(_ arguments: PassArguments) throws(CNNOptError) {
        var options = SimplifyOptions()
        options.foldsLarge = try arguments.flag("fold-large", default: false)
        options.stopAfterPatch = try arguments.integer("stop-after", in: 0...1_000_000_000)
        self.options = options
    }

    package init(_ options: SimplifyOptions = SimplifyOptions()) { self.options = options }

    package func run(_ model: inout Model, _ context: PassContext) throws(CNNOptError) -> PassReport {
        let (nodes, initializers) = (model.graph.nodeCount, model.graph.initializers.count)
        var options = options
        options.foldsLarge = options.foldsLarge || context.simplifying.foldsLarge
        options.stopAfterPatch = options.stopAfterPatch ?? context.simplifying.stopAfterPatch
        var engine = RewriteEngine(
            model.graph,
            try GraphFacts(model),
            rules: Self.rules,
            sweeps: Self.sweeps,
            options: options,
            log: RewriteLog(model.graph, limit: options.stopAfterPatch)
        )
        // Held once, so that it is edited in place.
        model.graph = Graph()
        if engine.graph.hasInnerGraphs { engine.reserveNames() }
        try engine.run()
        let layers = engine.layers
        model.graph = engine.takeGraph()
        let unused = try model.removeUnusedInitializers(author: Self.info.name)
        let listed = try model.separateInitializersFromInputs(author: Self.info.name)
        let isChanged = !engine.log.patches.isEmpty || unused > 0 || listed > 0
        if isChanged { try model.graph.verify() }
        var report = PassReport(
            pass: Self.info.name,
            summary: isChanged
                ? "\(nodes) → \(model.graph.nodeCount) nodes, "
                    + "\(initializers) → \(model.graph.initializers.count) initialisers"
                : "nothing to do: \(nodes) nodes, \(initializers) initialisers"
        )
        let counts =
            (Self.rules.map { $0.name } + Self.sweeps.map { $0.name }).map { ($0, engine.log.counts[$0] ?? 0) }
            + [("unused initialisers removed", unused), ("initialisers taken off the graph inputs", listed)]
        report.notes = counts.filter { $0.1 > 0 }.map { "\($0.0): \($0.1)" }
        if engine.log.isFull { report.notes.append(Self.lastPatch(engine.log)) }
        report.layers = layers + engine.log.innerLayers
        report.patches = engine.log.patches
        return report
    }

    private static func lastPatch(_ log: RewriteLog) -> String {
        guard let last = log.patches.last else { return "stopped before the first patch" }
        return "stopped after patch \(log.patches.count): \(last.rule), at '\(last.node)' (\(last.operatorName))"
    }
}
