/// Random numbers that depend on the seed alone: the same on every machine and with every release of Swift.
///
/// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    @usableFromInline var state: UInt64

    @inlinable package init(seed: UInt64) { state = seed }

    @inlinable package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A number in `0 ..< bound`, each equally likely; 0 where the bound is not positive.
    @inlinable package mutating func index(below bound: Int) -> Int {
        guard bound > 1 else { return 0 }
        let size = UInt64(bound)
        // The lowest values that would make the first remainders more likely than the rest are drawn again.
        let threshold = (0 &- size) % size
        while true {
            let value = next()
            if value >= threshold { return Int(value % size) }
        }
    }

    /// A number in [0, 1), a multiple of 2⁻⁵³.
    @inlinable package mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// Brings the elements into a random order (Fisher and Yates). The standard library's `shuffle(using:)` may change with
    /// its releases, this one does not.
    @inlinable package mutating func shuffle<T>(_ elements: inout [T]) {
        for last in stride(from: elements.count - 1, to: 0, by: -1) {
            elements.swapAt(last, index(below: last + 1))
        }
    }
}
