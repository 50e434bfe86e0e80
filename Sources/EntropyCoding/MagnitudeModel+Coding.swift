extension MagnitudeModel {
    /// Codes the next numbers of a tensor: takes them from the batch (an encoder, a counter) or puts them there (a decoder).
    /// - Parameter count: at most the batch's capacity.
    package func code<Coder: EntropyCoder>(
        _ count: Int,
        of batch: MagnitudeBatch,
        in surroundings: MagnitudeSurroundings,
        with coder: inout Coder
    ) { coder.run(self, count, of: batch, in: surroundings) }

    /// The loop behind ``code(_:of:in:with:)``.
    @inline(__always)
    func loop<Coder: EntropyCoder>(
        _ count: Int,
        _ batch: MagnitudeBatch,
        _ surroundings: MagnitudeSurroundings,
        _ coder: inout Coder
    ) {
        var local = coder
        let tables = CodingTables()
        let (scale, neighbours, weights, fractions) = (scale, neighbours, weights, fractions)
        let (sign, modelledBits) = (sign, modelledBits)
        let (classes, payloads) = (batch.classes, batch.payloads)
        let widths = surroundings.widths
        let layout = surroundings.layout
        let (top, middle) = (UInt32(layout.top), UInt32(layout.middle))
        let (hasZeros, zerosHaveSigns) = (layout.hasZeros, layout.zerosHaveSigns)
        var cursor = SurroundingsCursor(surroundings)
        let hasRawSigns = layout.hasRawSigns
        for index in 0..<min(count, batch.capacity) {
            let (scaleContext, nearContext) = cursor.contexts()
            let one = scale + scaleContext &* Self.nodes
            let other = neighbours + nearContext &* Self.nodes
            let given = UInt32(classes[index])

            var isZero = false
            if hasZeros {
                isZero =
                    weights[Self.zero].code(given == 0 ? 1 : 0, one + Self.zero, other + Self.zero, tables, &local)
                    != 0
            }
            var magnitude: UInt32 = 0
            var payload = payloads[index]
            if isZero {
                classes[index] = 0
                let bit = UInt32(truncatingIfNeeded: payload) & 1
                payload = zerosHaveSigns ? UInt64(sign[9].code(bit, tables, &local)) : 0
            } else {
                let below = codeDistance(top &- given, middle, weights, one, other, tables, &local)
                let found = top &- min(below, top)
                classes[index] = UInt16(truncatingIfNeeded: found)
                if found == 0 {
                    payload = 0
                } else {
                    var signBit = UInt32(truncatingIfNeeded: payload) & 1
                    if hasRawSigns {
                        signBit = UInt32(truncatingIfNeeded: local.codeRaw(UInt64(signBit), count: 1))
                    } else {
                        signBit = sign[cursor.signContext].code(signBit, tables, &local)
                    }
                    let width = Int(widths[Int(found)])
                    // Of the fraction, the upper bits by a binary tree for each class.
                    let estimates = fractions + min(Int(below), Self.fractionContexts - 1) &* Self.fractionNodes
                    let given = payload >> 1
                    let modelled = min(width, modelledBits)
                    var node = 1
                    for step in 0..<modelled {
                        let bit = UInt32(truncatingIfNeeded: given &>> UInt64(width &- 1 &- step)) & 1
                        node = node << 1 | Int(estimates[node].code(bit, tables, &local))
                    }
                    let rest = width &- modelled
                    let lower = local.codeRaw(given & ((1 &<< UInt64(rest)) &- 1), count: rest)
                    let fraction = (UInt64(node) & ((1 &<< UInt64(modelled)) &- 1)) &<< UInt64(rest) | lower
                    payload = fraction << 1 | UInt64(signBit)
                    magnitude = Self.magnitude(fraction, width: width, below: below)
                }
            }
            payloads[index] = payload
            _ = cursor.advance(magnitude, isNegative: UInt8(truncatingIfNeeded: payload & 1))
        }
        cursor.store(in: surroundings)
        coder = local
    }

    /// How far the class lies below the highest: above the middle or not, then how far from it.
    @inline(__always)
    private func codeDistance<Coder: EntropyCoder>(
        _ distance: UInt32,
        _ middle: UInt32,
        _ weights: UnsafeMutablePointer<MixingWeights>,
        _ one: UnsafeMutablePointer<AdaptiveBit>,
        _ other: UnsafeMutablePointer<AdaptiveBit>,
        _ tables: CodingTables,
        _ coder: inout Coder
    ) -> UInt32 {
        var isAbove = false
        if middle > 0 {
            isAbove = weights[0].code(distance < middle ? 1 : 0, one, other, tables, &coder) != 0
        }
        // A decoder's distance is not known yet and may be anything.
        let wanted = isAbove ? middle &- 1 &- distance : distance &- middle
        // Above, the highest class needs no decision to end.
        let most = isAbove ? middle &- 1 : Self.longestBelow
        let first = isAbove ? Self.above : Self.below
        var steps: UInt32 = 0
        while steps < most {
            let node = first &+ Int(steps)
            let isFurther = weights[node].code(wanted > steps ? 1 : 0, one + node, other + node, tables, &coder)
            if isFurther == 0 { break }
            steps &+= 1
        }
        if isAbove { return middle &- 1 &- steps }
        if steps < most { return middle &+ steps }
        let rest = codeEscape(wanted &- steps, one, other, tables, &coder)
        return middle &+ steps &+ rest
    }

    /// Exp-Golomb: the length of the number plus 1 in unary, then its bits below the first.
    @inline(never)
    private func codeEscape<Coder: EntropyCoder>(
        _ rest: UInt32,
        _ one: UnsafeMutablePointer<AdaptiveBit>,
        _ other: UnsafeMutablePointer<AdaptiveBit>,
        _ tables: CodingTables,
        _ coder: inout Coder
    ) -> UInt32 {
        let value = max(rest &+ 1, 1)
        let length = UInt32(31 &- value.leadingZeroBitCount)
        var found: UInt32 = 0
        while found < 15 {
            let node = Self.escape + Int(found)
            guard weights[node].code(length > found ? 1 : 0, one + node, other + node, tables, &coder) != 0 else {
                break
            }
            found &+= 1
        }
        let bits = coder.codeRaw(UInt64(value & ((1 << found) &- 1)), count: Int(found))
        return ((1 << found) | UInt32(truncatingIfNeeded: bits)) &- 1
    }

    /// How large a number is: its leading bit and the seven below it, relative to the highest class.
    /// - Parameter below: how far its class lies below the highest.
    @inline(__always)
    static func magnitude(_ fraction: UInt64, width: Int, below: UInt32) -> UInt32 {
        guard below < 12 else { return 0 }
        let upper =
            width >= 7
            ? UInt32(truncatingIfNeeded: fraction >> UInt64(width &- 7))
            : UInt32(truncatingIfNeeded: fraction << UInt64(7 &- width))
        return ((128 &+ upper) << 4) >> below
    }
}
