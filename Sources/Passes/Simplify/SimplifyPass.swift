import GraphIR
import Operators
import Tensors

/// Makes the graph smaller without changing what it computes: see docs/simplify.md.
package struct SimplifyPass: Pass {
    package static let info = PassInfo(
        name: "simplify",
        summary: "folds constants and batch normalisation, removes nodes and initialisers without effect",
        arguments: [],
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

    package init(_ arguments: PassArguments) throws(CNNOptError) {}

    package init() {}

    package func run(_ model: inout Model, _ context: PassContext) throws(CNNOptError) -> PassReport {
        let (nodes, initializers) = (model.graph.nodeCount, model.graph.initializers.count)
        var engine = RewriteEngine(Self.rules, sweeps: Self.sweeps)
        try engine.run(&model)
        let unused = try model.removeUnusedInitializers(author: Self.info.name)
        let listed = try model.separateInitializersFromInputs(author: Self.info.name)
        try model.graph.verify()

        var report = PassReport(
            pass: Self.info.name,
            summary: "\(nodes) → \(model.graph.nodeCount) nodes, "
                + "\(initializers) → \(model.graph.initializers.count) initialisers"
        )
        let counts =
            (Self.rules.map { $0.name } + Self.sweeps.map { $0.name }).map { ($0, engine.counts[$0] ?? 0) }
            + [("unused initialisers removed", unused), ("initialisers taken off the graph inputs", listed)]
        report.notes = counts.filter { $0.1 > 0 }.map { "\($0.0): \($0.1)" }
        for id in model.graph.nodeIDs {
            guard let changes = engine.changes[id] else { continue }
            report.layers.append(
                PassReport.Layer(
                    name: model.graph.displayName(id),
                    operatorName: model.graph[id].operatorName.description,
                    change: changes.joined(separator: "; ")
                )
            )
        }
        return report
    }
}
