import TextTable

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
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { $0.properties.generalCategory == .control ? "\u{FFFD}" : $0 }
            )
        )
    }

    /// The table as lines of text; the title first.
    package var text: String {
        let table = TextTable<[String]> { row in
            columns.enumerated().map { index, column in
                Column(
                    title: column.title,
                    value: index < row.count ? Self.oneLine(row[index]) : "",
                    align: column.alignment == .left ? .left : .right
                )
            }
        }
        let body = rows.isEmpty ? "(none)" : (table.string(for: rows, style: Style.simple) ?? "")
        let lines = body.split(separator: "\n").map { line in
            String(line.reversed().drop { $0 == " " }.reversed())
        }
        return ([title].compactMap { $0 } + lines).joined(separator: "\n")
    }
}

extension Table {
    /// The rows alone, first column padded: for short lists of facts.
    package func lines(separator: String) -> String {
        let width = rows.map { $0.first?.count ?? 0 }.max() ?? 0
        return rows.map { row in
            let row = row.map(Self.oneLine)
            let head = row.first ?? ""
            return head + String(repeating: " ", count: width - head.count) + separator
                + row.dropFirst().joined(separator: separator)
        }.joined(separator: "\n")
    }
}
