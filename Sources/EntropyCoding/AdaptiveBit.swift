/// The estimate of one decision in one context: two averages of the bits seen, one that follows quickly and one that
/// remembers long. Both start as plain averages, so that few observations are enough.
package struct AdaptiveBit {
    /// Probability of a 1 in units of 2⁻³².
    private var slow: UInt32 = 1 << 31
    /// Probability of a 1 in units of 2⁻¹⁶.
    private var fast: UInt16 = 1 << 15
    private var count: UInt16 = 0

    package init() {}

    /// The probability of a 1 in units of 2⁻¹⁶, kept off 0 and 1.
    @inline(__always)
    var one: UInt32 { min(max(mean, 32), 65_536 - 32) }

    /// The probability of a 1 in units of 2⁻¹⁶, as small as it may be: for mixing, which keeps off 0 and 1 by itself.
    @inline(__always)
    var mean: UInt32 { (UInt32(fast) &+ slow >> 16) >> 1 }

    @inline(__always)
    mutating func learn(_ bit: UInt32, _ rates: UnsafePointer<AdaptationRate>) {
        let rate = rates[Int(count)]
        let target = 0 &- bit
        let slowStep = ((Int64(target) &- Int64(slow)) &* Int64(rate.slow)) >> 16
        slow = UInt32(truncatingIfNeeded: Int64(slow) &+ slowStep)
        let fastStep = ((Int32(target & 0xFFFF) &- Int32(fast)) &* Int32(rate.fast)) >> 16
        fast = UInt16(truncatingIfNeeded: Int32(fast) &+ fastStep)
        count = rate.next
    }
}

/// How far an estimate moves towards a bit after a number of bits, in units of 2⁻¹⁶.
struct AdaptationRate: Sendable {
    var slow: UInt16
    var fast: UInt16
    /// The number of bits to remember after this one.
    var next: UInt16

    /// The slow average counts to here, the fast one to ``fastLimit``.
    private static let limit = 1_023
    private static let fastLimit = 24

    /// After n bits: 1 / (n + 1.6). Lives as long as the process.
    static let table: SharedTable<AdaptationRate> = SharedTable(
        (0...limit).map { count in
            func rate(_ n: Int) -> UInt16 { UInt16(655_360 / (10 * n + 16)) }
            return AdaptationRate(
                slow: rate(count),
                fast: rate(min(count, fastLimit)),
                next: UInt16(min(count + 1, limit))
            )
        }
    )
}

/// A constant table that inner loops reach through a pointer. It is never freed.
struct SharedTable<Element>: @unchecked Sendable {
    let base: UnsafePointer<Element>

    init(_ elements: [Element]) {
        let memory = UnsafeMutablePointer<Element>.allocate(capacity: elements.count)
        memory.initialize(from: elements, count: elements.count)
        base = UnsafePointer(memory)
    }

    @inline(__always)
    subscript(_ index: Int) -> Element { base[index] }
}
