/// What a token model has to know of a tensor's integers before it codes them.
package struct TokenLayout: Sendable, Equatable {
    /// The length in bits of the median magnitude.
    package var typicalLength: Int
    /// Numbers in a row of the tensor: those of one output channel.
    package var rowLength: Int
    /// Numbers of one kernel: the same place of the input channel before lies so far back. 1 to
    /// ``MagnitudeLayout/largestKernel``.
    package var kernelLength: Int
    /// Whether numbers are indices of dependent quantisation.
    package var isDependent: Bool
    /// Whether signs are coded as they are.
    package var hasRawSigns: Bool

    /// The largest length, in bits, that a typical magnitude may have.
    package static let longest = 32
    /// Bits of a typical magnitude that tokens speak of.
    private static let tokenBits = 3

    package init(
        typicalLength: Int,
        rowLength: Int,
        kernelLength: Int,
        isDependent: Bool = false,
        hasRawSigns: Bool = false
    ) {
        self.typicalLength = min(max(typicalLength, 0), Self.longest)
        (self.rowLength, self.kernelLength) = (rowLength, kernelLength)
        (self.isDependent, self.hasRawSigns) = (isDependent, hasRawSigns)
    }

    /// The lowest bits of magnitudes, which no token speaks of.
    var lowerBits: Int { max(0, typicalLength - Self.tokenBits) }

    /// The mean before the first number: one and a half times the least of the typical length, in units of 2⁻⁸.
    var start: UInt32 {
        let length = typicalLength - lowerBits
        return length == 0 ? 128 : UInt32((3 << length) >> 2) << 8
    }

    /// The median of lengths in bits, or of classes.
    /// - Parameter lengths: how many magnitudes have each.
    package static func typicalLength(_ lengths: [Int]) -> Int {
        var left = lengths.reduce(0, +) / 2
        for (length, count) in lengths.enumerated() {
            left -= count
            if left < 0 { return length }
        }
        return max(lengths.count - 1, 0)
    }
}
