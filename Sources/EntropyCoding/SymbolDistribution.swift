/// How often each of 16 symbols came in one context, and the probabilities that follow from it.
///
/// Probabilities are made anew after every few symbols, more rarely the more are known: a context that has seen hundreds
/// hardly changes by one. A view of memory that ``SymbolDistributions`` owns.
struct SymbolDistribution {
    static let symbols = 16
    /// The sum of all probabilities.
    static let whole: UInt32 = 1 << 15

    /// What one symbol counts.
    private static let unit: UInt16 = 16
    /// Counts are halved where their sum passes this: 640 symbols.
    private static let limit: UInt16 = 640 * 16
    /// What every symbol counts where nothing is known.
    private static let least: UInt16 = 2
    /// What all symbols together count in a context that begins like another, 1 for each aside.
    private static let inherited: UInt32 = 64
    /// The sum of counts from which on another context may begin like this one.
    static let settled: UInt16 = 192

    // Where the fields lie, in units of 2 bytes.
    private static let (left, total, counts) = (17, 18, 20)
    static let stride = 36

    /// The probability of all symbols below each, 17 entries from 0 to ``whole``; fields and counts behind them.
    let cumulative: UnsafeMutablePointer<UInt16>

    /// The sum of all counts; 0 before the first symbol.
    @inline(__always)
    var total: UInt16 { cumulative[Self.total] }

    /// Takes note of a symbol.
    @inline(__always)
    func learn(_ symbol: Int) {
        cumulative[Self.counts &+ symbol] &+= Self.unit
        cumulative[Self.total] &+= Self.unit
        let left = cumulative[Self.left] &- 1
        cumulative[Self.left] = left
        if left == 0 { rebuild() }
    }

    /// Begins as if a few symbols had come: evenly, or as they came in another context.
    func begin(like other: SymbolDistribution?) {
        var sum: UInt16 = 0
        for symbol in 0..<Self.symbols {
            var count = Self.least
            if let other {
                let theirs = UInt32(other.cumulative[Self.counts + symbol])
                count = UInt16(theirs * Self.inherited / UInt32(other.total)) + 1
            }
            cumulative[Self.counts + symbol] = count
            sum += count
        }
        cumulative[Self.total] = sum
        rebuild()
    }

    /// Makes the probabilities from the counts; none becomes 0.
    @inline(never)
    private func rebuild() {
        let counts = cumulative + Self.counts
        if cumulative[Self.total] > Self.limit {
            var sum: UInt16 = 0
            for symbol in 0..<Self.symbols {
                counts[symbol] = (counts[symbol] &+ 1) >> 1
                sum &+= counts[symbol]
            }
            cumulative[Self.total] = sum
        }
        // What a count is worth, in units of 2⁻¹⁶.
        let worth = UInt64((Self.whole &- UInt32(Self.symbols)) << 16 / UInt32(cumulative[Self.total]))
        var below: UInt64 = 0
        for symbol in 0..<Self.symbols {
            cumulative[symbol] = UInt16(truncatingIfNeeded: UInt64(symbol) &+ (below &* worth) >> 16)
            below &+= UInt64(counts[symbol])
        }
        cumulative[Self.symbols] = UInt16(Self.whole)
        cumulative[Self.left] = max(1, min(16, cumulative[Self.total] >> 7))
    }
}

/// The distributions of the same symbols in several contexts, whose neighbours resemble each other.
final class SymbolDistributions {
    private let memory: UnsafeMutablePointer<UInt16>
    /// Contexts of one kind; those of the next kind follow.
    private let contexts: Int

    /// - Parameters:
    ///   - contexts: of one kind, ordered so that neighbours are alike.
    ///   - kinds: how many kinds there are.
    init(contexts: Int, kinds: Int) {
        self.contexts = contexts
        let count = contexts * kinds * SymbolDistribution.stride
        memory = .allocate(capacity: count)
        memory.initialize(repeating: 0, count: count)
    }

    deinit { memory.deallocate() }

    /// The distribution of a context, begun like the nearest one that has seen something.
    @inline(__always)
    subscript(_ context: Int) -> SymbolDistribution {
        let own = distribution(context)
        if own.total == 0 { begin(context) }
        return own
    }

    @inline(__always)
    private func distribution(_ context: Int) -> SymbolDistribution {
        SymbolDistribution(cumulative: memory + context &* SymbolDistribution.stride)
    }

    @inline(never)
    private func begin(_ context: Int) {
        let first = context - context % contexts
        var nearest: SymbolDistribution?
        for distance in 1..<contexts where nearest == nil {
            for other in [context - distance, context + distance] where (first..<first + contexts).contains(other) {
                let candidate = distribution(other)
                if candidate.total >= SymbolDistribution.settled, candidate.total > nearest?.total ?? 0 {
                    nearest = candidate
                }
            }
        }
        distribution(context).begin(like: nearest)
    }
}

/// Mixes two distributions: three parts of the one, one part of the other. Both have all symbols, and so has the mixture.
enum MixedDistribution {
    /// The probability of all symbols below one, 0 to 16.
    @inline(__always)
    static func below(_ symbol: Int, _ one: UnsafePointer<UInt16>, _ other: UnsafePointer<UInt16>) -> UInt32 {
        let (first, second) = (UInt32(one[symbol]), UInt32(other[symbol]))
        return (first &+ (first &+ second) >> 1) >> 1
    }

    /// The last symbol below which no more than so much probability lies.
    /// - Parameter share: 0 to 32,767.
    @inline(__always)
    static func symbol(_ share: UInt16, _ one: UnsafePointer<UInt16>, _ other: UnsafePointer<UInt16>) -> Int {
        let shares = SIMD8<UInt16>(repeating: share)
        let lower = Self.mixed(one, other) .<= shares
        let upper = Self.mixed(one + 8, other + 8) .<= shares
        let zero = SIMD8<UInt16>(repeating: 0)
        let counts = zero.replacing(with: 1, where: lower) &+ zero.replacing(with: 1, where: upper)
        return Int(counts.wrappedSum()) &- 1
    }

    @inline(__always)
    private static func mixed(_ one: UnsafePointer<UInt16>, _ other: UnsafePointer<UInt16>) -> SIMD8<UInt16> {
        let first = UnsafeRawPointer(one).loadUnaligned(as: SIMD8<UInt16>.self)
        let second = UnsafeRawPointer(other).loadUnaligned(as: SIMD8<UInt16>.self)
        return (first &+ (first &+ second) &>> 1) &>> 1
    }
}
