/// What a model hands its decisions to: an encoder, a decoder, or a counter of bits. A model written once against this
/// serves all three, so that they cannot drift apart.
package protocol EntropyCoder {
    /// Codes one decision.
    /// - Parameters:
    ///   - bit: 0 or 1; a decoder ignores it.
    ///   - one: the probability of a 1 in units of 2⁻¹⁶, from 1 to 65,535.
    /// - Returns: the bit: the given one, or the one that was read.
    mutating func code(_ bit: UInt32, one: UInt32) -> UInt32

    /// Codes one of the 16 symbols of a mixture of two distributions: see ``MixedDistribution``.
    /// - Parameters:
    ///   - symbol: 0 to 15; a decoder ignores it.
    ///   - one: the distribution that counts three parts of four, as cumulative probabilities.
    ///   - other: the other.
    /// - Returns: the symbol: the given one, or the one that was read.
    mutating func code(_ symbol: Int, _ one: UnsafePointer<UInt16>, _ other: UnsafePointer<UInt16>) -> Int

    /// Codes `count` bits, 0 to 56, that no model knows anything about.
    /// - Returns: the bits: the given ones, or those that were read.
    mutating func codeRaw(_ bits: UInt64, count: Int) -> UInt64

    /// Runs the loops of a model with this coder. Each coder says it for itself, so that the loops are compiled for it and not
    /// for any coder.
    mutating func run(
        _ model: MagnitudeModel,
        _ count: Int,
        of batch: MagnitudeBatch,
        in surroundings: MagnitudeSurroundings
    )
    mutating func run(_ model: TokenModel, _ count: Int, of batch: MagnitudeBatch, in surroundings: TokenSurroundings)
    mutating func run(_ model: ByteModel, over bytes: UnsafeMutableBufferPointer<UInt8>)
}

/// Adds up what decisions would cost: the rate of symbols under the present state of a model.
package struct BitCounter: EntropyCoder {
    /// The cost so far, in units of 2⁻¹² bits.
    private var units: UInt64 = 0
    private let costs = BitCost.table.base

    package init() {}

    /// The cost so far in bits.
    package var bits: Double { Double(units) / 4_096 }

    @inline(__always)
    package mutating func code(_ bit: UInt32, one: UInt32) -> UInt32 {
        let probability = bit != 0 ? one : 65_536 - one
        units &+= UInt64(costs[Int(probability >> 4)])
        return bit
    }

    @inline(__always)
    package mutating func code(_ symbol: Int, _ one: UnsafePointer<UInt16>, _ other: UnsafePointer<UInt16>) -> Int {
        let below = MixedDistribution.below(symbol, one, other)
        // Probabilities are in units of 2⁻¹⁵ here.
        units &+= UInt64(costs[Int((MixedDistribution.below(symbol &+ 1, one, other) &- below) >> 3)])
        return symbol
    }

    @inline(__always)
    package mutating func codeRaw(_ bits: UInt64, count: Int) -> UInt64 {
        units &+= UInt64(count) << 12
        return bits
    }
}

extension BitCounter {
    package mutating func run(
        _ model: MagnitudeModel,
        _ count: Int,
        of batch: MagnitudeBatch,
        in surroundings: MagnitudeSurroundings
    ) { model.loop(count, batch, surroundings, &self) }

    package mutating func run(
        _ model: TokenModel,
        _ count: Int,
        of batch: MagnitudeBatch,
        in surroundings: TokenSurroundings
    ) { model.loop(count, batch, surroundings, &self) }

    package mutating func run(_ model: ByteModel, over bytes: UnsafeMutableBufferPointer<UInt8>) {
        model.loop(bytes, &self)
    }
}

extension RangeEncoder {
    package mutating func run(
        _ model: MagnitudeModel,
        _ count: Int,
        of batch: MagnitudeBatch,
        in surroundings: MagnitudeSurroundings
    ) { model.loop(count, batch, surroundings, &self) }

    package mutating func run(
        _ model: TokenModel,
        _ count: Int,
        of batch: MagnitudeBatch,
        in surroundings: TokenSurroundings
    ) { model.loop(count, batch, surroundings, &self) }

    package mutating func run(_ model: ByteModel, over bytes: UnsafeMutableBufferPointer<UInt8>) {
        model.loop(bytes, &self)
    }
}

extension RangeDecoder {
    package mutating func run(
        _ model: MagnitudeModel,
        _ count: Int,
        of batch: MagnitudeBatch,
        in surroundings: MagnitudeSurroundings
    ) { model.loop(count, batch, surroundings, &self) }

    package mutating func run(
        _ model: TokenModel,
        _ count: Int,
        of batch: MagnitudeBatch,
        in surroundings: TokenSurroundings
    ) { model.loop(count, batch, surroundings, &self) }

    package mutating func run(_ model: ByteModel, over bytes: UnsafeMutableBufferPointer<UInt8>) {
        model.loop(bytes, &self)
    }
}
