/// Finds a step of which all float32 numbers of a tensor are whole multiples: weights that were once 8-bit integers times a
/// scale, and biases that were integers times a product of scales.
enum GridSearch {
    /// The largest multiple.
    static let largest = 1 << 20

    /// The multiple nearest to a number.
    @inline(__always)
    static func multiple(of step: Double, _ value: Float) -> Int64 {
        Int64(exactly: (Double(value) / step).rounded()) ?? 0
    }

    /// - Parameter values: different finite numbers in ascending order.
    /// - Returns: a step that gives every number back, bit for bit, as `Float(Double(multiple) * step)`; nil where none is found.
    static func step(_ values: [Float]) -> Double? {
        guard values.count >= 3, !values.contains(where: { $0 == 0 && $0.sign == .minus || !$0.isFinite }) else {
            return nil
        }
        var gap = Double.infinity
        for (one, next) in zip(values, values.dropFirst()) { gap = min(gap, Double(next) - Double(one)) }
        for value in values where value != 0 { gap = min(gap, abs(Double(value))) }
        guard gap > 0, gap.isFinite else { return nil }
        let ascending = values.filter { $0 != 0 }.map(abs).sorted()
        for divisor in 1...4 {
            if let step = refined(gap / Double(divisor), ascending), holds(step, values) { return step }
        }
        return nil
    }

    /// Narrows the step by one number after the other, the smallest first: each multiple allows only steps that round to it.
    private static func refined(_ guess: Double, _ magnitudes: [Float]) -> Double? {
        var (low, high) = (0.0, Double.infinity)
        var step = guess
        for magnitude in magnitudes {
            let multiple = (Double(magnitude) / step).rounded()
            guard multiple >= 1, multiple <= Double(largest) else { return nil }
            let half = Double(magnitude.ulp) / 2
            low = max(low, (Double(magnitude) - half) / multiple)
            high = min(high, (Double(magnitude) + half) / multiple)
            guard low <= high else { return nil }
            step = (low + high) / 2
        }
        // A step that is a float32 number itself is what quantisers use, and takes fewer bytes.
        let short = Double(Float(step))
        return short >= low && short <= high ? short : step
    }

    private static func holds(_ step: Double, _ values: [Float]) -> Bool {
        values.allSatisfy { value in
            let multiple = multiple(of: step, value)
            return abs(multiple) <= Int64(largest) && Float(Double(multiple) * step).bitPattern == value.bitPattern
        }
    }
}
