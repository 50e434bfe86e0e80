import Foundation

/// Numbers as people read them, the same in every locale.
package enum Numbers {
    /// With thousands apart: 1,234,567.
    package static func grouped(_ value: Int) -> String {
        let digits = String(value.magnitude)
        var groups: [Substring] = []
        var end = digits.endIndex
        while end > digits.startIndex {
            let start = digits.index(end, offsetBy: -3, limitedBy: digits.startIndex) ?? digits.startIndex
            groups.append(digits[start..<end])
            end = start
        }
        return (value < 0 ? "-" : "") + groups.reversed().joined(separator: ",")
    }

    /// Bytes in the unit that leaves one to four digits: 812 B, 14.2 kB, 3.97 MB (powers of 1,000).
    package static func bytes(_ count: Int) -> String {
        var value = Double(count)
        for unit in ["B", "kB", "MB", "GB"] {
            if value < 999.5 || unit == "GB" { return unit == "B" ? "\(count) B" : "\(significant(value)) \(unit)" }
            value /= 1_000
        }
        return "\(count) B"
    }

    /// Counts in the unit that leaves one to four digits: 812, 14.2 k, 3.97 M, 1.20 G.
    package static func count(_ count: Int) -> String {
        var value = Double(count)
        for unit in ["", " k", " M", " G"] {
            if value < 999.5 || unit == " G" { return unit.isEmpty ? "\(count)" : significant(value) + unit }
            value /= 1_000
        }
        return "\(count)"
    }

    /// Three significant digits.
    private static func significant(_ value: Double) -> String {
        fixed(value, digits: value < 9.995 ? 2 : value < 99.95 ? 1 : 0)
    }

    /// A fixed number of digits behind the point; ∞ for infinity.
    package static func fixed(_ value: Double, digits: Int) -> String {
        value.isInfinite ? (value < 0 ? "-∞" : "∞") : String(format: "%.\(digits)f", value)
    }

    /// A change in percent with its sign: -30.2 %; nothing where nothing changed.
    package static func change(from before: Int, to after: Int) -> String {
        before == 0 || before == after ? "" : String(format: "%+.1f %%", 100 * (Double(after) / Double(before) - 1))
    }
}
