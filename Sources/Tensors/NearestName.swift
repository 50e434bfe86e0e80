/// The known name that takes the fewest insertions, deletions, replacements and swaps of neighbours to make from a mistyped
/// one; nil where even the nearest is no likely reading of it.
package func nearestName(to typed: String, among known: some Sequence<String>) -> String? {
    let wanted = Array(typed.lowercased().unicodeScalars.prefix(100))
    var best: (name: String, distance: Int)?
    for name in known {
        let distance = editDistance(wanted, Array(name.lowercased().unicodeScalars.prefix(100)))
        if distance < (best?.distance ?? .max) { best = (name, distance) }
    }
    guard let best, best.distance <= max(1, wanted.count / 2) else { return nil }
    return best.name
}

private func editDistance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
    var beforeLast = [Int](repeating: 0, count: b.count + 1)
    var last = Array(0...b.count)
    for i in a.indices {
        var row = [i + 1]
        for j in b.indices {
            var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
            if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforeLast[j - 1] + 1) }
            row.append(cost)
        }
        beforeLast = last
        last = row
    }
    return last[b.count]
}
