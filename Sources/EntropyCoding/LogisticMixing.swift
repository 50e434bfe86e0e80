/// Tables of the logistic function in whole numbers, the same on every machine.
///
/// Logits are in units of 1/256, from −2,047 to 2,047; probabilities in units of 2⁻¹⁶.
enum Logistic {
    static let largest: Int32 = 2_047

    /// The probability of a logit, at index logit + 2,048.
    static let squash: SharedTable<UInt16> = SharedTable(squashed)

    /// The logit of a probability, at index probability / 16.
    static let stretch: SharedTable<Int16> = {
        var logits: [Int16] = []
        var logit = -2_047
        for index in 0..<4_096 {
            while logit < 2_047, Int(squashed[logit + 1 + 2_048]) <= 16 * index + 8 { logit += 1 }
            logits.append(Int16(logit))
        }
        return SharedTable(logits)
    }()

    private static let squashed: [UInt16] = {
        var table = [UInt16](repeating: 1 << 15, count: 4_096)
        // e to the power of −1/256 and its powers, in units of 2⁻³².
        let step: UInt64 = 4_278_222_805
        var power: UInt64 = 1 << 32
        for logit in 1...2_047 {
            power = (power * step) >> 32
            let probability = (UInt64(1) << 48) / ((1 << 32) + power)
            table[2_048 + logit] = UInt16(probability)
            table[2_048 - logit] = UInt16(65_536 - probability)
        }
        table[0] = table[1]
        return table
    }()
}

/// What decisions cost.
enum BitCost {
    /// −log₂ of a probability in units of 2⁻¹² bits, at index probability / 16 for probabilities in units of 2⁻¹⁶.
    static let table: SharedTable<UInt16> = SharedTable((0...4_096).map(cost))

    /// −log₂ of a probability in units of 2⁻¹⁶.
    static func bits(_ probability: UInt32) -> Double { Double(table[Int(probability >> 4)]) / 4_096 }

    /// By squaring: whole numbers only.
    private static func cost(_ index: Int) -> UInt16 {
        var value = UInt64(max(2 * index + 1, 1)) << 18
        // The value lies in units of 2⁻³¹; 2 × 4,096 of the index is 1.
        var bits: UInt64 = 0
        var whole = 0
        if value >= 1 << 31 { return 0 }
        while value < 1 << 30 {
            value <<= 1
            whole += 1
        }
        // 2³⁰ ≤ value < 2³¹: −log₂ is between 0 and 1 behind the whole part.
        for _ in 0..<12 {
            value = (value * value) >> 31
            bits <<= 1
            if value < 1 << 30 {
                bits |= 1
                value <<= 1
            }
        }
        return UInt16(min(UInt64(whole) << 12 | bits, 65_535))
    }
}
