import Tensors

/// What the integers of a tensor cost under the token model, one after another in memory order: asked before a number is
/// chosen, told which it became.
package final class RateEstimate {
    let model: TokenModel
    let surroundings: TokenSurroundings
    private let batch = MagnitudeBatch(capacity: 1)
    private var counter = BitCounter()
    private let costs: TokenCosts
    private let tokens = TokenAlphabet.tokens.base

    /// - Parameters:
    ///   - model: what was learned so far; it learns on.
    ///   - layout: of the tensor that follows.
    package init(_ model: TokenModel, _ layout: TokenLayout) {
        self.model = model
        surroundings = TokenSurroundings(layout)
        costs = TokenCosts(tokens: .allocate(capacity: TokenCosts.stride), lowerBits: layout.lowerBits)
        costs.tokens.initialize(repeating: 0, count: TokenCosts.stride)
    }

    deinit { costs.tokens.deallocate() }

    /// The cost of all numbers so far, in bits.
    package var bits: Double { counter.bits }

    /// Looks at the place of the next number; ``cost(of:)`` then holds for it.
    @inline(__always)
    package func prepare() {
        let (scale, neighbours) = model.distributions(surroundings)
        costs.set(scale, neighbours)
    }

    /// The cost in bits of an integer as the next number. A sign counts as a bit.
    @inline(__always)
    package func cost(of magnitude: Int) -> Double { costs.cost(of: magnitude, tokens) }

    /// Codes the next number.
    package func append(_ value: Int) {
        batch.integers[0] = Int64(value)
        model.code(1, of: batch, in: surroundings, with: &counter)
    }
}

/// What integers cost by the distributions of one place. A view of memory that another owns.
struct TokenCosts {
    /// Bits of each token, those behind it and of a sign included.
    let tokens: UnsafeMutablePointer<Double>
    let lowerBits: Int

    static let stride = SymbolDistribution.symbols

    /// Takes the costs from the two distributions that are mixed.
    func set(_ scale: SymbolDistribution, _ neighbours: SymbolDistribution) {
        let (one, other) = (scale.cumulative, neighbours.cumulative)
        let widths = TokenAlphabet.width.base
        var below: UInt32 = 0
        for token in 0..<Self.stride {
            let next = MixedDistribution.below(token &+ 1, one, other)
            let rest = Int(widths[token]) &+ lowerBits &+ (token | lowerBits != 0 ? 1 : 0)
            tokens[token] = BitCost.bits((next &- below) << 1) + Double(rest)
            below = next
        }
    }

    @inline(__always)
    func cost(of magnitude: Int, _ table: UnsafePointer<UInt8>) -> Double {
        let upper = UInt64(magnitude) &>> UInt64(lowerBits)
        guard upper < TokenAlphabet.own else {
            return tokens[TokenAlphabet.escape] + Double(TokenAlphabet.escapedBits(upper))
        }
        return tokens[Int(table[Int(upper)])]
    }
}

extension TokenModel {
    /// The distributions of the next number's token in its two contexts.
    fileprivate func distributions(
        _ surroundings: TokenSurroundings
    ) -> (scale: SymbolDistribution, neighbours: SymbolDistribution) {
        var cursor = SurroundingsCursor(surroundings)
        let contexts = cursor.contexts()
        let half = DependentTrellis.half(surroundings.state) &* ScaleContext.count
        return (scale[contexts.scale &+ half], neighbours[contexts.near &+ half])
    }
}
