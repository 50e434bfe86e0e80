import Tensors

/// How often a tensor's elements take which values, gathered batch by batch in bounded memory.
///
/// Bins are a power of two wide and begin at zero, so that a histogram that has to grow merges bins in pairs exactly: what
/// comes out depends on the elements alone, not on how they came in batches.
package struct ActivationHistogram: Sendable {
    /// Bins on each side of zero.
    static let side = 2048

    /// The smallest and largest finite element.
    package private(set) var lowest = Double.infinity
    package private(set) var highest = -Double.infinity
    /// Elements that are exactly zero; they are in no bin.
    package private(set) var zeros = 0
    /// Finite elements other than zero.
    package private(set) var count = 0
    /// Elements that are NaN or infinite; they are ignored.
    package private(set) var strays = 0
    /// Elements in [i · width, (i + 1) · width) at index i + side.
    package private(set) var bins = [Int](repeating: 0, count: 2 * side)
    private var exponent = -140

    package init() {}

    /// The width of a bin.
    package var width: Double { Double(sign: .plus, exponent: exponent, significand: 1) }

    /// Takes in the elements of a float32 tensor.
    package mutating func add(_ tensor: TensorData) throws(CNNOptError) {
        try tensor.withElements(Float.self) { (source) throws(CNNOptError) in
            var (low, high) = (Float.infinity, -Float.infinity)
            var stray = 0
            for x in source {
                if x.isFinite {
                    if x < low { low = x }
                    if x > high { high = x }
                } else {
                    stray += 1
                }
            }
            strays += stray
            guard low <= high else { return }
            lowest = min(lowest, Double(low))
            highest = max(highest, Double(high))
            let largest = max(abs(low), abs(high))
            guard largest > 0 else {
                zeros += source.count - stray
                return
            }
            grow(to: max(-140, Int(largest.exponent) + 1 - 11))
            fill(source)
        }
    }

    private mutating func grow(to wanted: Int) {
        guard wanted > exponent else { return }
        let shift = wanted - exponent
        exponent = wanted
        guard count > 0 else { return }
        var merged = [Int](repeating: 0, count: bins.count)
        for (index, number) in bins.enumerated() where number > 0 {
            merged[((index - Self.side) >> shift) + Self.side] += number
        }
        bins = merged
    }

    private mutating func fill(_ source: UnsafeBufferPointer<Float>) {
        let inverse = Float(sign: .plus, exponent: -exponent, significand: 1)
        var (zero, counted) = (0, 0)
        bins.withUnsafeMutableBufferPointer { bins in
            for x in source where x.isFinite {
                if x == 0 {
                    zero += 1
                    continue
                }
                let scaled = x * inverse
                var index = Int(scaled)
                if Float(index) > scaled { index -= 1 }
                bins[max(0, min(2 * Self.side - 1, index + Self.side))] += 1
                counted += 1
            }
        }
        zeros += zero
        count += counted
    }

    /// The middle of a bin's values.
    func center(_ index: Int) -> Double { (Double(index - Self.side) + 0.5) * width }
}
