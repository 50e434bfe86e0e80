import GraphIR
import Tensors

extension PruningWork {
    /// What was done, layer by layer.
    func report(_ candidate: Candidate) -> PassReport {
        let outcomes = Dictionary(
            candidate.outcomes.map { ($0.layer.node, $0) },
            uniquingKeysWith: { first, _ in first }
        )
        var (fewer, fitted) = (0, 0)
        let layers = groups.layers.map { layer -> PassReport.Layer in
            var line = PassReport.Layer(
                name: model.graph.displayName(layer.node),
                operatorName: model.graph[layer.node].operatorName.description
            )
            if let size = facts.type(layer.output).shape?[layer.form.outputChannelAxis].size,
                let kept = candidate.kept[layer.outputChannels]
            {
                fewer += 1
                line.change = "\(size) → \(kept.count) channels"
            } else {
                line.note = groups.reason(layer) ?? "its channels matter more than others"
            }
            if let outcome = outcomes[layer.node], let method = outcome.method, method != .unchanged {
                fitted += 1
                let text = "error \(percent(outcome.before)) → \(percent(outcome.after)) of the variance"
                line.note = [line.note, text].compactMap { $0 }.joined(separator: "; ")
            }
            return line
        }
        var summary =
            "\(percent(candidate.reduction)) of the multiply-accumulates removed, from \(fewer) of \(layers.count) layers"
        if fitted > 0 { summary += "; \(fitted) layers fitted again" }
        return PassReport(pass: PrunePass.info.name, summary: summary, layers: layers, notes: notes)
    }

    /// The report of a model that stays as it is.
    func unchanged(_ reason: String) -> PassReport {
        let layers = groups.layers.map { layer in
            PassReport.Layer(
                name: model.graph.displayName(layer.node),
                operatorName: model.graph[layer.node].operatorName.description,
                note: groups.reason(layer) ?? reason
            )
        }
        return PassReport(
            pass: PrunePass.info.name,
            summary: "left as it is: \(reason)",
            layers: layers,
            notes: notes
        )
    }
}
