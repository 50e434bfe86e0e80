/// How a magnitude falls into one of 16 tokens and bits behind it: small ones have a token each, larger ones share one with others of
/// their size.
enum TokenAlphabet {
    /// The token of all magnitudes that have none of their own.
    static let escape = 15
    /// Bits that say how long the rest behind an escape is.
    static let escapeBits = 6

    /// The smallest magnitude of each token.
    static let firsts: [UInt8] = [0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64]
    /// The bits behind each token that say which of its magnitudes it is; those of the escape come apart.
    static let widths: [UInt8] = [0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 4, 4, 0]

    static let first = SharedTable(firsts)
    static let width = SharedTable(widths)
    /// The token of each magnitude below ``own``.
    static let tokens: SharedTable<UInt8> = SharedTable(
        (0..<own).map { magnitude in UInt8((firsts.lastIndex { Int($0) <= magnitude }) ?? 0) }
    )
    /// The smallest magnitude of the escape.
    static let own = 64

    /// The bits behind an escape, their length included.
    @inline(__always)
    static func escapedBits(_ magnitude: UInt64) -> Int { escapeBits &+ 63 &- rest(magnitude).leadingZeroBitCount }

    /// What is coded behind an escape: at least 1.
    @inline(__always)
    static func rest(_ magnitude: UInt64) -> UInt64 { magnitude &- UInt64(own) &+ 1 }
}
