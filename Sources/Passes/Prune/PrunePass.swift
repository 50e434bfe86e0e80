import Execution
import GraphIR
import Operators
import Tensors

/// Removes whole channels, with everything that hangs on them.
package struct PrunePass: Pass {
    enum Criterion: String, CaseIterable { case auto, l2, l1 }
    enum Restore: String, CaseIterable { case auto, none }

    package static let info = PassInfo(
        name: "prune",
        summary: "removes channels, and fits the rest to what the network computed before",
        arguments: [
            PassInfo.Argument(
                "ratio",
                values: "0…0.95",
                default: "as much as the gate allows",
                help: "the fraction of multiply-accumulates to remove"
            ),
            PassInfo.Argument(
                "criterion",
                values: "auto|l2|l1",
                default: "auto",
                help: "auto: the error that is left in the next layers; l2, l1: the size of the weights"
            ),
            PassInfo.Argument(
                "cap",
                values: "0…1",
                default: "0.9",
                help: "the largest fraction of a layer's channels that may go"
            ),
            PassInfo.Argument(
                "round",
                values: "1…1024",
                default: "8",
                help: "channels kept in large layers are a multiple of it"
            ),
            PassInfo.Argument(
                "restore",
                values: "auto|none",
                default: "auto",
                help: "auto: weights are solved for again, layer by layer; none: they stay as they are"
            ),
        ],
        changesWeights: true
    )

    let ratio: Double?
    let criterion: Criterion
    let cap: Double
    let round: Int
    let restore: Restore

    package init(_ arguments: PassArguments) throws(CNNOptError) {
        ratio = try arguments.number("ratio", in: 0...0.95)
        criterion = try arguments.choice("criterion", default: .auto)
        cap = try arguments.number("cap", in: 0...1) ?? 0.9
        round = try arguments.integer("round", in: 1...1024) ?? 8
        restore = try arguments.choice("restore", default: .auto)
    }

    /// A step beyond the target by more than this is taken only where nothing else comes near it.
    static let tolerance = 0.02

    package func run(_ model: inout Model, _ context: PassContext) throws(CNNOptError) -> PassReport {
        let work = try PruningWork(self, model, context)
        guard !work.groups.groups.isEmpty else { return work.unchanged("no layer has channels that may go") }
        if restore == .auto, let layer = work.computedWeight {
            return work.unchanged(
                "the weight of '\(layer)' is computed from quantised numbers and cannot be fitted again; prune before quantising, or say restore=none"
            )
        }
        guard work.macs.total > 0 else {
            return work.unchanged("the work of its layers is not known; fix unknown dimensions with --input-shape")
        }
        if let ratio {
            let selection = try work.selection(target: ratio)
            let candidate = try work.candidate(selection.removal(target: ratio))
            model = candidate.model
            var report = work.report(candidate)
            if candidate.reduction < ratio - Self.tolerance {
                report.notes.append(
                    "\(percent(ratio)) of the multiply-accumulates were asked for, but no more can go: see the layers, or raise cap"
                )
            }
            return report
        }
        let (found, remark) = try work.largestThatHolds()
        guard let found else { return work.unchanged(remark) }
        model = found.model
        var report = work.report(found)
        report.notes.append(remark)
        return report
    }
}

/// A fraction as a percentage with one decimal.
func percent(_ fraction: Double) -> String { "\((fraction * 1_000).rounded() / 10) %" }
