import Tensors

/// The different values of a tensor, where they are few.
struct DistinctValues {
    /// Bit patterns in ascending order of what they stand for.
    let words: [UInt64]

    /// nil where there are more than `limit`.
    init?(_ source: UnsafeRawPointer, _ count: Int, _ element: ElementLayout, limit: Int) {
        guard element != .opaque, element != .varint else { return nil }
        // A hash table that is at most a quarter full.
        var slots = [UInt64?](repeating: nil, count: 1 << 14)
        let mask = slots.count - 1
        var found: [UInt64] = []
        let isComplete = slots.withUnsafeMutableBufferPointer { slots in
            for index in 0..<count {
                let word = NumberForm.pattern(source, index, element)
                var slot = Int(truncatingIfNeeded: (word &* 0x9E37_79B9_7F4A_7C15) >> 50)
                while let other = slots[slot], other != word { slot = (slot + 1) & mask }
                if slots[slot] == nil {
                    guard found.count < min(limit, slots.count / 4) else { return false }
                    slots[slot] = word
                    found.append(word)
                }
            }
            return true
        }
        guard isComplete else { return nil }
        words = found.sorted { NumberForm.order($0, element) < NumberForm.order($1, element) }
    }

    /// The step of which all are multiples.
    func step(_ element: ElementLayout) -> Double? {
        guard element == .float32 else { return nil }
        return GridSearch.step(words.map { Float(bitPattern: UInt32(truncatingIfNeeded: $0)) })
    }

    /// Whether most integers between the smallest and the largest are missing.
    func isSparse(_ element: ElementLayout) -> Bool {
        guard let first = words.first, let last = words.last else { return false }
        let (span, overflow) = NumberForm.order(last, element)
            .subtractingReportingOverflow(NumberForm.order(first, element))
        return overflow || span / 4 > Int64(words.count)
    }
}

/// What the fields of floating-point numbers need.
struct FloatScan {
    private(set) var form: FloatForm
    /// How many numbers are of each class, zeros apart.
    private(set) var classes: [Int]
    private(set) var zeros = 0
    private(set) var hasNegativeZeros = false

    init(_ source: UnsafeRawPointer, _ count: Int, _ element: ElementLayout, _ fields: (exponent: Int, mantissa: Int)) {
        let mantissaMask = (UInt64(1) << UInt64(fields.mantissa)) - 1
        let exponentMask = (UInt64(1) << UInt64(fields.exponent)) - 1
        var used: UInt64 = 0
        var lowest = Int(exponentMask)
        classes = [Int](repeating: 0, count: (1 << fields.exponent) + 1)
        for index in 0..<count {
            let word = NumberForm.pattern(source, index, element)
            let mantissa = word & mantissaMask
            let exponent = Int(word >> UInt64(fields.mantissa) & exponentMask)
            if exponent == 0, mantissa == 0 {
                zeros += 1
                if word != 0 { hasNegativeZeros = true }
                continue
            }
            classes[exponent + 1] += 1
            used |= mantissa
            // A number without mantissa bits is all leading bit.
            if mantissa != 0 {
                lowest = min(lowest, max(exponent, 1) - fields.mantissa + mantissa.trailingZeroBitCount)
            }
        }
        let width = used == 0 ? 0 : fields.mantissa - used.trailingZeroBitCount
        form = FloatForm(exponentBits: fields.exponent, mantissaBits: fields.mantissa, width: width, lowest: lowest)
    }
}
