import Foundation

/// How much more than others each output channel of a layer counts, as far as that is no chance.
///
/// Logarithms of squared gradients from two halves of the images are brought towards their mean by how well the halves agree: by the
/// reliability of their sum (Spearman and Brown, 1910), and half way further: other images differ more from both halves than
/// these from each other.
enum ChannelSensitivities {
    /// Channels below this part of the mean are not told apart.
    private static let least = 0.1
    /// The part of what both halves agree on that is taken.
    private static let part = 0.5
    /// Fewer channels say nothing of their agreement.
    private static let fewest = 8

    /// One number for each channel, 1 on average; empty where all count alike.
    /// - Parameter halves: the squared gradients of all channels by each half of the images.
    static func relative(_ halves: [[Double]]) -> [Double] {
        guard halves.count == 2, halves[0].count == halves[1].count, halves[0].count >= fewest else { return [] }
        let logs = halves.map(logarithms)
        guard let first = logs[0], let second = logs[1] else { return [] }
        let reliability = reliability(first, second)
        guard reliability > 0, let both = logarithms(zip(halves[0], halves[1]).map(+)) else { return [] }
        let mean = both.reduce(0, +) / Double(both.count)
        let shrunk = both.map { exp(part * reliability * ($0 - mean)) }
        let sum = shrunk.reduce(0, +)
        return shrunk.map { $0 * Double(shrunk.count) / sum }
    }

    /// Relative to the mean; nil where that is 0.
    private static func logarithms(_ values: [Double]) -> [Double]? {
        let mean = values.reduce(0, +) / Double(max(values.count, 1))
        return mean > 0 && mean.isFinite ? values.map { log(max($0 / mean, least)) } : nil
    }

    /// Of the sum of two measurements, 0 to 1, from their correlation.
    private static func reliability(_ first: [Double], _ second: [Double]) -> Double {
        let count = Double(first.count)
        let means = (first.reduce(0, +) / count, second.reduce(0, +) / count)
        var (own, other, both) = (0.0, 0.0, 0.0)
        for (x, y) in zip(first, second) {
            own += (x - means.0) * (x - means.0)
            other += (y - means.1) * (y - means.1)
            both += (x - means.0) * (y - means.1)
        }
        guard own > 0, other > 0 else { return 0 }
        let correlation = both / (own * other).squareRoot()
        return max(0, 2 * correlation / (1 + max(correlation, 0)))
    }
}
