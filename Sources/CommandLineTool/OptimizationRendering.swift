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
        let remarks = result.passes.flatMap { pass in pass.notes.map { "\(pass.name): \($0)" } }
        if !remarks.isEmpty { parts.append(remarks.joined(separator: "\n")) }
        if verbose { parts += result.passes.filter { !$0.layers.isEmpty }.map { layers($0).text } }
        parts.append(figures.text)
        return parts.joined(separator: "\n\n")
    }

    var html: HTMLReport {
        var bars: [HTMLReport.Bar] = []
        if let before = result.before, let after = result.after {
            bars.append(
                HTMLReport.Bar(label: "file size", before: Double(before.fileBytes), after: Double(after.fileBytes))
            )
            bars.append(
                HTMLReport.Bar(label: "parameters", before: Double(before.parameters), after: Double(after.parameters))
            )
            if let a = before.macs, let b = after.macs {
                bars.append(HTMLReport.Bar(label: "MACs", before: Double(a), after: Double(b)))
            }
        }
        if let a = result.comparison?.reference, let b = result.comparison?.candidate {
            bars.append(HTMLReport.Bar(label: "top-1", before: a.top1, after: b.top1))
        }
        return HTMLReport(
            title: "\(result.input) → \(result.output)",
            bars: bars,
            tables: [figures, passes] + result.passes.filter { !$0.layers.isEmpty }.map(layers),
            notes: result.passes.flatMap { pass in pass.notes.map { "\(pass.name): \($0)" } } + result.notes
        )
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

    /// The one table that counts: before and after.
    private var figures: Table {
        var table = Table(columns: [("", .left), ("before", .right), ("after", .right), ("", .left)])
        guard let before = result.before, let after = result.after else { return table }
        func row(_ name: String, _ a: Int, _ b: Int, _ show: (Int) -> String) -> [String] {
            [name, show(a), show(b), Numbers.change(from: a, to: b)]
        }
        table.rows = [
            row("file", before.fileBytes, after.fileBytes, Numbers.bytes),
            row("weights", before.weightBytes, after.weightBytes, Numbers.bytes),
            row("parameters", before.parameters, after.parameters, Numbers.grouped),
        ]
        if let a = before.macs, let b = after.macs {
            table.rows.append(row("MACs", a, b, Numbers.grouped))
        } else {
            table.rows.append(["MACs", "unknown", "unknown", "fix the shapes with --input-shape"])
        }
        table.rows.append(row("nodes", before.nodes, after.nodes, Numbers.grouped))
        if let comparison = result.comparison {
            if comparison.reference == nil { table.rows.append(["top-1", "unmeasured", "unmeasured", "no labels"]) }
            table.rows += ComparisonTable.accuracyRows(comparison)
            table.title =
                "measured on \(Numbers.grouped(comparison.samples)) \(comparison.agreement == nil ? "inputs" : "images")"
        } else {
            table.rows.append(["accuracy", "unmeasured", "unmeasured", ""])
        }
        return table
    }
}
