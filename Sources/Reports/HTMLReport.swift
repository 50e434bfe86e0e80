/// A page that stands alone: tables, and bars of before against after drawn as SVG.
package struct HTMLReport: Sendable {
    /// One pair of bars.
    package struct Bar: Sendable {
        package var label: String
        package var before: Double
        package var after: Double

        package init(label: String, before: Double, after: Double) {
            self.label = label
            self.before = before
            self.after = after
        }
    }

    package var title: String
    package var bars: [Bar]
    package var tables: [Table]
    package var notes: [String]

    package init(title: String, bars: [Bar], tables: [Table], notes: [String]) {
        self.title = title
        self.bars = bars
        self.tables = tables
        self.notes = notes
    }

    package var text: String {
        """
        <!DOCTYPE html>
        <html lang="en"><head><meta charset="utf-8"><title>\(Markup.escaped(title))</title>
        <style>
        body{font:15px/1.45 system-ui,sans-serif;max-width:70em;margin:2em auto;padding:0 1em;color:#222}
        table{border-collapse:collapse;margin:1em 0}caption{text-align:left;font-weight:600;padding:.4em 0}
        td,th{padding:.25em .8em;border-bottom:1px solid #ddd;text-align:left}.r{text-align:right;font-variant-numeric:tabular-nums}
        </style></head><body>
        <h1>\(Markup.escaped(title))</h1>
        \(bars.isEmpty ? "" : chart)
        \(tables.map(Self.html).joined(separator: "\n"))
        \(notes.isEmpty ? "" : "<ul>" + notes.map { "<li>\(Markup.escaped($0))</li>" }.joined() + "</ul>")
        </body></html>

        """
    }

    private static func html(_ table: Table) -> String {
        func cells(_ tag: String, _ row: [String]) -> String {
            zip(row, table.columns).map { text, column in
                "<\(tag)\(column.alignment == .right ? " class=\"r\"" : "")>\(Markup.escaped(text))</\(tag)>"
            }.joined()
        }
        let caption = table.title.map { "<caption>\(Markup.escaped($0))</caption>" } ?? ""
        let body = table.rows.map { "<tr>\(cells("td", $0))</tr>" }.joined(separator: "\n")
        return "<table>\(caption)<tr>\(cells("th", table.columns.map(\.title)))</tr>\n\(body)</table>"
    }

    /// Each pair scaled to its own larger bar: what counts is after against before.
    private var chart: String {
        let rowHeight = 46
        var lines = [#"<svg width="640" height="\#(rowHeight * bars.count + 6)" role="img">"#]
        for (index, bar) in bars.enumerated() {
            let top = index * rowHeight
            let largest = max(bar.before, bar.after, .leastNormalMagnitude)
            lines.append(#"<text x="0" y="\#(top + 24)" font-size="13">\#(Markup.escaped(bar.label))</text>"#)
            for (row, (value, colour)) in [(bar.before, "#9aa5b1"), (bar.after, "#2f7d4f")].enumerated() {
                let width = Numbers.fixed(440 * max(value, 0) / largest, digits: 1)
                lines.append(
                    #"<rect x="160" y="\#(top + 6 + row * 16)" width="\#(width)" height="13" fill="\#(colour)"/>"#
                )
            }
        }
        return lines.joined(separator: "\n") + "\n</svg>"
    }
}
