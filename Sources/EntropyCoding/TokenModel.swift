import Tensors

/// What was learned of integers on grids so far: how often each token came in its contexts. It serves one tensor after
/// another; what is alike in them need not be learned anew.
///
/// The binarisation: a token for the magnitude, an escape's rest, the sign, and lower bits as they are. A token is coded by a mixture of its
/// distributions in two contexts: what rows and columns had so far, and what the neighbours are; each apart for the two halves of
/// dependent quantisation.
package final class TokenModel {
    let scale = SymbolDistributions(contexts: ScaleContext.count, kinds: 2)
    let neighbours = SymbolDistributions(contexts: ScaleContext.count, kinds: 2)
    let sign: UnsafeMutablePointer<AdaptiveBit>
    private static let signs = 9

    package init() {
        sign = .allocate(capacity: Self.signs)
        sign.initialize(repeating: AdaptiveBit(), count: Self.signs)
    }

    deinit { sign.deallocate() }
}

extension TokenModel {
    /// Codes the next integers of a tensor: takes them from the batch (an encoder, a counter) or puts them there (a decoder).
    /// - Parameter count: at most the batch's capacity.
    package func code<Coder: EntropyCoder>(
        _ count: Int,
        of batch: MagnitudeBatch,
        in surroundings: TokenSurroundings,
        with coder: inout Coder
    ) { coder.run(self, count, of: batch, in: surroundings) }

    /// The loop behind ``code(_:of:in:with:)``.
    @inline(__always)
    func loop<Coder: EntropyCoder>(
        _ count: Int,
        _ batch: MagnitudeBatch,
        _ surroundings: TokenSurroundings,
        _ coder: inout Coder
    ) {
        var local = coder
        let tables = CodingTables()
        let successors = DependentTrellis.successors.base
        let (tokens, firsts, tokenWidths) = (
            TokenAlphabet.tokens.base, TokenAlphabet.first.base, TokenAlphabet.width.base
        )
        let (scale, neighbours, sign) = (scale, neighbours, sign)
        let integers = batch.integers
        let layout = surroundings.layout
        let (lowerBits, isDependent, hasRawSigns) = (layout.lowerBits, layout.isDependent, layout.hasRawSigns)
        var cursor = SurroundingsCursor(surroundings)
        var state = surroundings.state
        for index in 0..<min(count, batch.capacity) {
            let (scaleContext, nearContext) = cursor.contexts()
            let half = (state & 1) &* ScaleContext.count
            let (one, other) = (scale[scaleContext &+ half], neighbours[nearContext &+ half])

            let given = integers[index]
            let size = UInt64(given.magnitude)
            let upper = size &>> UInt64(lowerBits)
            let wanted = upper < TokenAlphabet.own ? Int(tokens[Int(upper)]) : TokenAlphabet.escape
            let token = local.code(wanted, one.cumulative, other.cumulative)
            one.learn(token)
            other.learn(token)
            var first = UInt64(firsts[token])
            if token == TokenAlphabet.escape { first = Self.codeEscape(upper, &local) }

            let hasSign = token | lowerBits != 0
            var negative: UInt64 = given < 0 ? 1 : 0
            if hasSign, !hasRawSigns {
                negative = UInt64(
                    sign[cursor.signContext].code(UInt32(truncatingIfNeeded: negative), tables, &local)
                )
            }
            // What is left of the magnitude, and the sign below it where it is coded as it is.
            let base = first &<< UInt64(lowerBits)
            let width = Int(tokenWidths[token]) &+ lowerBits
            let isRaw = hasSign && hasRawSigns ? 1 : 0
            let rest = size &- base
            let bits = local.codeRaw(isRaw != 0 ? rest << 1 | negative : rest, count: width &+ isRaw)
            let magnitude = base &+ (bits &>> UInt64(isRaw))
            if isRaw != 0 { negative = bits & 1 }
            let minus = 0 &- Int64(bitPattern: hasSign ? negative : 0)
            integers[index] = (Int64(bitPattern: magnitude) ^ minus) &- minus

            if isDependent { state = Int(successors[state << 1 | Int(truncatingIfNeeded: magnitude & 1)]) }
            let seen = TokenSurroundings.seen(magnitude &>> UInt64(lowerBits))
            if cursor.advance(seen, isNegative: UInt8(truncatingIfNeeded: minus & 1)) { state = DependentTrellis.start }
        }
        surroundings.state = state
        cursor.store(in: surroundings)
        coder = local
    }

    /// The rest of a magnitude behind an escape: its length less 1, then its bits below the leading one.
    /// - Returns: the magnitude.
    @inline(never)
    private static func codeEscape<Coder: EntropyCoder>(_ magnitude: UInt64, _ coder: inout Coder) -> UInt64 {
        // A decoder's magnitude is not known yet and may be anything.
        let rest = max(TokenAlphabet.rest(max(magnitude, UInt64(TokenAlphabet.own))), 1)
        let wanted = 63 &- rest.leadingZeroBitCount
        let length = min(Int(coder.codeRaw(UInt64(wanted), count: TokenAlphabet.escapeBits)), 48)
        let below = coder.codeRaw(rest & ((1 &<< UInt64(length)) &- 1), count: length)
        return (1 &<< UInt64(length) | below) &- 1 &+ UInt64(TokenAlphabet.own)
    }
}
