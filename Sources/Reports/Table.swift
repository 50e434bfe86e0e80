/// Rows of text under headings: what the command line prints and the HTML report shows.
package struct Table: Sendable {
    package enum Alignment: Sendable {
        case left
        case right
    }

    package var title: String?
    package var columns: [(title: String, alignment: Alignment)]
    package var rows: [[String]]

    package init(title: String? = nil, columns: [(title: String, alignment: Alignment)], rows: [[String]] = []) {
        self.title = title
        self.columns = columns
        self.rows = rows
    }

    /// A cell without control characters: names come from files and must neither break lines nor steer a terminal.
    private static func oneLine(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text }
        return String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { $0.properties.generalCategory == .control ? "\u{FFFD}" : $0 }
            )
        )
    }

    /// The table as lines of text; the title first.
    package var text: String {
        var text = title.map { $0 + "\n" } ?? ""
        guard !rows.isEmpty else { return text + "(none)" }
        let cells = rows.map { row in columns.indices.map { $0 < row.count ? Self.oneLine(row[$0]) : "" } }
        let widths = columns.indices.map { index in
            cells.reduce(columns[index].title.count) { max($0, $1[index].count) }
        }
        append(columns.map(\.title), widths, to: &text)
        append(widths.map { String(repeating: "-", count: $0) }, widths, to: &text)
        for row in cells { append(row, widths, to: &text) }
        text.removeLast()
        return text
    }

    /// Adds a line, without spaces at its end.
    private func append(_ cells: [String], _ widths: [Int], to text: inout String) {
        var pending = 0
        for (index, cell) in cells.enumerated() {
            let space = widths[index] - cell.count
            if columns[index].alignment == .right { pending += space }
            if !cell.isEmpty {
                text += String(repeating: " ", count: pending) + cell
                pending = 0
            }
            if columns[index].alignment == .left { pending += space }
            pending += 1
        }
        text += "\n"
    }
}

extension Table {
    /// The rows alone, first column padded: for short lists of facts.
    package func lines(separator: String) -> String {
        let rows = rows.map { $0.map(Self.oneLine) }
        let width = rows.map { $0.first?.count ?? 0 }.max() ?? 0
        return rows.map { row in
            let head = row.first ?? ""
            return head + String(repeating: " ", count: width - head.count) + separator
                + row.dropFirst().joined(separator: separator)
        }.joined(separator: "\n")
    }
}
