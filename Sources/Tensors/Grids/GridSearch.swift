/// Finds a step of which all of some float32 numbers are whole multiples: weights that were once integers times a scale.
package enum GridSearch {
    /// The largest multiple of one step for a whole tensor.
    static let largest = 1 << 20
    /// The largest multiple where each slice has its step: two or three numbers alone are multiples of something too.
    static let largestInSlice = 1 << 16

    /// - Parameter values: different finite numbers in ascending order.
    /// - Returns: a step that gives every number back, bit for bit, as `Float(Double(multiple) * step)`; nil where none is found.
    package static func step(_ values: [Float]) -> Double? {
        guard values.count >= 3, !values.contains(where: { $0 == 0 && $0.sign == .minus || !$0.isFinite }) else {
            return nil
        }
        var gap = Double.infinity
        for (one, next) in zip(values, values.dropFirst()) { gap = min(gap, Double(next) - Double(one)) }
        for value in values where value != 0 { gap = min(gap, abs(Double(value))) }
        guard gap > 0, gap.isFinite else { return nil }
        let ascending = values.filter { $0 != 0 }.map(abs).sorted()
        let guesses = (1...4).lazy.map { gap / Double($0) } + [divisor(ascending, largest: largest)].compactMap { $0 }
        for guess in guesses {
            guard let (low, high) = bounds(guess, ascending, largest: largest) else { continue }
            let step = simplest(low, high).map(Double.init) ?? (low + high) / 2
            if holds(step, ascending, largest: largest) { return step }
        }
        return nil
    }

    /// The largest step of the numbers of a slice, a float32 number.
    /// - Parameter ascending: different positive finite numbers; at least one.
    static func sliceStep(_ ascending: [Float]) -> Float? {
        guard let guess = divisor(ascending, largest: largestInSlice),
            let (low, high) = bounds(guess, ascending, largest: largestInSlice),
            let step = simplest(low, high), holds(Double(step), ascending, largest: largestInSlice)
        else { return nil }
        return step
    }

    /// Euclid's algorithm for numbers that are rounded: the greatest common divisor as far as the rounding lets it be seen.
    private static func divisor(_ ascending: [Float], largest: Int) -> Double? {
        guard let first = ascending.first, let last = ascending.last else { return nil }
        let smallest = Double(last) / Double(largest)
        var step = Double(first)
        for (place, magnitude) in ascending.enumerated().dropFirst() {
            let value = Double(magnitude)
            let noise = value * 0x1p-21
            var rest = abs(value - (value / step).rounded() * step)
            guard rest > noise else { continue }
            var other = step
            while rest > noise {
                guard rest >= smallest else { return nil }
                (other, rest) = (rest, abs(other - (other / rest).rounded() * rest))
            }
            // The rest of a division is known less well than what was divided.
            step = other
            for earlier in ascending[...place] {
                let multiple = (Double(earlier) / step).rounded()
                guard multiple >= 1 else { return nil }
                step = Double(earlier) / multiple
            }
        }
        return step >= smallest ? step : nil
    }

    /// Narrows the step by one number after the other, the smallest first: each multiple allows only steps that round to it.
    private static func bounds(_ guess: Double, _ ascending: [Float], largest: Int) -> (Double, Double)? {
        var (low, high) = (0.0, Double.infinity)
        var step = guess
        for magnitude in ascending {
            let multiple = (Double(magnitude) / step).rounded()
            guard multiple >= 1, multiple <= Double(largest) else { return nil }
            let half = Double(magnitude.ulp) / 2
            low = max(low, (Double(magnitude) - half) / multiple)
            high = min(high, (Double(magnitude) + half) / multiple)
            guard low <= high else { return nil }
            step = (low + high) / 2
        }
        return (low, high)
    }

    /// The float32 number with the fewest mantissa bits between two positive numbers; nil where none lies there.
    static func simplest(_ low: Double, _ high: Double) -> Float? {
        var (first, last) = (Float(low), Float(high))
        if Double(first) < low { first = first.nextUp }
        if Double(last) > high { last = last.nextDown }
        guard first > 0, first <= last, last.isFinite else { return nil }
        let different = first.bitPattern ^ last.bitPattern
        guard different != 0 else { return first }
        let place = UInt32(31 - different.leadingZeroBitCount)
        let low = first.bitPattern
        // All bits below the highest that differs can be zero, unless they are in the lower one already.
        return low & ((2 << place) - 1) == 0 ? first : Float(bitPattern: last.bitPattern & ~((1 << place) - 1))
    }

    static func holds(_ step: Double, _ values: [Float], largest: Int) -> Bool {
        step > 0 && values.allSatisfy { isMultiple($0, of: step, largest: largest) }
    }

    @inline(__always)
    static func isMultiple(_ value: Float, of step: Double, largest: Int) -> Bool {
        let multiple = UniformGrid.multiple(of: step, value)
        return multiple.magnitude <= UInt64(largest) && Float(Double(multiple) * step).bitPattern == value.bitPattern
    }
}
