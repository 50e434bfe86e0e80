import CNNOpt
import Reports

/// A comparison of two models as tables.
enum ComparisonTable {
    /// Accuracy rows, each with before, after and the difference.
    static func accuracyRows(_ comparison: Comparison) -> [[String]] {
        var rows: [[String]] = []
        if let before = comparison.reference, let after = comparison.candidate {
            for (name, a, b) in [("top-1", before.top1, after.top1), ("top-5", before.top5, after.top5)] {
                var difference = signed(b - a) + " points"
                if name == "top-1", let interval = comparison.top1DropInterval {
                    difference += " (95 %: \(signed(-interval.upperBound)) to \(signed(-interval.lowerBound)))"
                }
                rows.append([name, Numbers.fixed(a, digits: 2) + " %", Numbers.fixed(b, digits: 2) + " %", difference])
            }
        }
        let inputs = samples(comparison)
        if let agreement = comparison.agreement {
            rows.append(["same answer", "", Numbers.fixed(agreement, digits: 2) + " %", inputs])
        }
        rows.append(["output SNR", "", Numbers.fixed(comparison.snrDB, digits: 1) + " dB", inputs])
        return rows
    }

    private static func samples(_ comparison: Comparison) -> String {
        let kind = comparison.isOnRandomInputs ? "seeded random input" : "image"
        return "on \(Numbers.grouped(comparison.samples)) \(kind)\(comparison.samples == 1 ? "" : "s")"
    }

    static func table(_ comparison: Comparison) -> Table {
        var table = Table(
            columns: [("", .left), ("reference", .right), ("candidate", .right), ("", .left)],
            rows: accuracyRows(comparison)
        )
        table.rows.append(["cosine", "", Numbers.fixed(comparison.cosine, digits: 6), ""])
        table.rows.append(["largest error", "", Numbers.fixed(comparison.maxAbsError, digits: 6), ""])
        return table
    }

    static func outputs(_ comparison: Comparison) -> Table {
        Table(
            columns: [("output", .left), ("SNR, dB", .right), ("cosine", .right), ("largest error", .right)],
            rows: comparison.outputs.map {
                [
                    $0.name, Numbers.fixed($0.snrDB, digits: 1), Numbers.fixed($0.cosine, digits: 6),
                    Numbers.fixed($0.maxAbsError, digits: 6),
                ]
            }
        )
    }

    private static func signed(_ value: Double) -> String {
        (value < 0 ? "" : "+") + Numbers.fixed(value == 0 ? 0 : value, digits: 2)
    }
}
