import CNNOpt
import Reports

/// The main job's result as text and as a page.
struct OptimizationRendering {
    private let result: OptimizationResult
    private let verbose: Bool

    init(_ result: OptimizationResult, verbose: Bool) {
        self.result = result
        self.verbose = verbose
    }

    var text: String {
        var parts: [String] = []
        if !result.passes.isEmpty { parts.append(passes.text) }
        if verbose { parts += result.passes.filter { !$0.layers.isEmpty }.map { layers($0).text } }
        if verbose { parts += result.passes.filter { !$0.patches.isEmpty }.map { patches($0).text } }
        parts.append(figures.text)
        if !remarks.isEmpty { parts.append(remarks.joined(separator: "\n")) }
        return parts.joined(separator: "\n\n")
    }

    var html: HTMLReport {
        let (before, after) = (result.before, result.after)
        var bars: [HTMLReport.Bar] = []
        func bar(_ label: String, _ a: Int?, _ b: Int?) {
            if let a, let b { bars.append(HTMLReport.Bar(label: label, before: Double(a), after: Double(b))) }
        }
        bar("file size", before.fileBytes, after.fileBytes)
        bar("parameters", before.parameters, after.parameters)
        bar("MACs", before.macs, after.macs)
        if let a = result.comparison?.reference, let b = result.comparison?.candidate {
            bars.append(HTMLReport.Bar(label: "top-1", before: a.top1, after: b.top1))
        }
        return HTMLReport(
            title: "\(result.input) → \(result.output)",
            bars: bars,
            tables: [figures, passes] + result.passes.filter { !$0.layers.isEmpty }.map(layers),
            notes: remarks + [gateFailure].compactMap { $0 }
        )
    }

    /// Why nothing was written; nil where the limit was held or none was set.
    var gateFailure: String? {
        guard let gate = result.gate, !gate.passed else { return nil }
        let (value, limit) = (Numbers.fixed(gate.value, digits: 2), Numbers.fixed(gate.limit, digits: 2))
        let what =
            gate.name == "min-snr"
            ? "leaves \(value) dB of output signal-to-noise, less than the \(limit) dB that stand in for --max-drop where outputs hold no class scores"
            : "loses \(value) points of \(result.comparison?.reference == nil ? "agreement with the original" : "top-1"), more than --max-drop \(limit) allows"
        return
            "\(result.input): the result \(what); nothing was written; ask for less (a smaller ratio, more bits) or give more --data"
    }

    private var remarks: [String] {
        result.passes.flatMap { pass in pass.notes.map { "\(pass.name): \($0)" } } + result.notes
    }

    private var passes: Table {
        Table(
            columns: [("pass", .left), ("what came of it", .left)],
            rows: result.passes.map { [$0.name, $0.summary] }
        )
    }

    private func layers(_ pass: OptimizationResult.Pass) -> Table {
        Table(
            title: pass.name,
            columns: [("layer", .left), ("operator", .left), ("change", .left), ("note", .left)],
            rows: pass.layers.map { [$0.name, $0.operator, $0.change ?? "left alone", $0.note ?? ""] }
        )
    }

    /// Every change by a rule, numbered as `--stop-after-patch` counts.
    private func patches(_ pass: OptimizationResult.Pass) -> Table {
        Table(
            title: "\(pass.name): patches",
            columns: [("patch", .right), ("rule", .left), ("node", .left), ("operator", .left)],
            rows: pass.patches.enumerated().map { ["\($0 + 1)", $1.rule, $1.node, $1.operator] }
        )
    }

    /// The one table that counts: before and after.
    private var figures: Table {
        let (before, after) = (result.before, result.after)
        func row(_ name: String, _ a: Int?, _ b: Int?, _ show: (Int) -> String, missing: String) -> [String] {
            let change = a.flatMap { a in b.map { Numbers.change(from: a, to: $0) } }
            return [name, a.map(show) ?? missing, b.map(show) ?? missing, change ?? ""]
        }
        var macs = row("MACs", before.macs, after.macs, Numbers.grouped, missing: "unknown")
        if before.macs == nil || after.macs == nil { macs[3] = "not all shapes are known" }
        return Table(
            columns: [("", .left), ("before", .right), ("after", .right), ("", .left)],
            rows: [
                row("file", before.fileBytes, after.fileBytes, Numbers.bytes, missing: "not written"),
                row("weights", before.weightBytes, after.weightBytes, Numbers.bytes, missing: ""),
                row("parameters", before.parameters, after.parameters, Numbers.grouped, missing: ""), macs,
                row("nodes", before.nodes, after.nodes, Numbers.grouped, missing: ""),
            ] + accuracy
        )
    }

    /// What was measured, on what, and whether it is enough.
    private var accuracy: [[String]] {
        var rows: [[String]] = []
        if let comparison = result.comparison {
            if comparison.reference == nil {
                rows.append(Self.unmeasured(comparison.isOnRandomInputs ? "no --data" : "no labels"))
            }
            rows += ComparisonTable.accuracyRows(comparison)
        } else {
            rows.append(Self.unmeasured(""))
        }
        if let check = result.check { rows += ComparisonTable.accuracyRows(check) }
        if let gate = result.gate {
            let unit = gate.name == "min-snr" ? "dB" : "points lost"
            rows.append([
                "gate", "", "\(Numbers.fixed(gate.value, digits: 2)) \(unit)",
                "\(gate.passed ? "held" : "NOT HELD"): the limit is \(Numbers.fixed(gate.limit, digits: 2))",
            ])
        }
        return rows
    }

    private static func unmeasured(_ reason: String) -> [String] { ["accuracy", "unmeasured", "unmeasured", reason] }
}
