/// Mixes two estimates of one decision in the logistic domain with weights that are learned (Mahoney 2005).
struct MixingWeights {
    /// In units of 2⁻¹⁶.
    private var first: Int32 = 29_491
    private var second: Int32 = 29_491

    /// Codes a decision by both estimates and lets them and the weights learn it.
    @inline(__always)
    mutating func code<Coder: EntropyCoder>(
        _ bit: UInt32,
        _ one: UnsafeMutablePointer<AdaptiveBit>,
        _ other: UnsafeMutablePointer<AdaptiveBit>,
        _ tables: CodingTables,
        _ coder: inout Coder
    ) -> UInt32 {
        let (logit1, logit2, probability) = mixed(one, other, tables)
        let bit = coder.code(bit, one: probability)
        let error = Int32(bitPattern: bit << 16) &- Int32(bitPattern: probability)
        first = Self.moved(first, logit1 &* error)
        second = Self.moved(second, logit2 &* error)
        one.pointee.learn(bit, tables.rates)
        other.pointee.learn(bit, tables.rates)
        return bit
    }

    /// The logits of both estimates, and the probability of a 1 by the two, in units of 2⁻¹⁶.
    @inline(__always)
    func mixed(
        _ one: UnsafeMutablePointer<AdaptiveBit>,
        _ other: UnsafeMutablePointer<AdaptiveBit>,
        _ tables: CodingTables
    ) -> (Int32, Int32, probability: UInt32) {
        let logit1 = Int32(tables.stretch[Int(one.pointee.mean >> 4)])
        let logit2 = Int32(tables.stretch[Int(other.pointee.mean >> 4)])
        let sum = (first &* logit1 &+ second &* logit2) >> 16
        let logit = min(max(sum, -Logistic.largest), Logistic.largest)
        return (logit1, logit2, UInt32(tables.squash[Int(logit &+ 2_048)]))
    }

    /// Weights stay between −8 and 8, so that sums fit into 32 bits.
    @inline(__always)
    private static func moved(_ weight: Int32, _ gradient: Int32) -> Int32 {
        min(max(weight &+ (gradient &+ 16_384) >> 15, -524_288), 524_288)
    }
}

/// The tables that inner loops need, reached through pointers that are taken once.
struct CodingTables {
    let rates = AdaptationRate.table.base
    let stretch = Logistic.stretch.base
    let squash = Logistic.squash.base
}

extension AdaptiveBit {
    /// Codes a decision and learns it.
    @inline(__always)
    mutating func code<Coder: EntropyCoder>(
        _ bit: UInt32,
        _ tables: CodingTables,
        _ coder: inout Coder
    ) -> UInt32 {
        let bit = coder.code(bit, one: one)
        learn(bit, tables.rates)
        return bit
    }
}
