/// The steps and shifts of a tensor on a grid, as far as they are lists.
package struct GridLists: Sendable, Equatable {
    /// A step for each index along an axis; none where one step serves all.
    package var steps: [Float]
    /// 0 to ``largestShift`` for each place of a slice; none where nothing is shifted.
    package var shifts: [UInt8]
    /// Places of one kernel: the same place of the channel before lies so far back.
    package var kernelLength: Int

    package static let largestShift: UInt8 = 7

    package init(steps: [Float] = [], shifts: [UInt8] = [], kernelLength: Int = 1) {
        (self.steps, self.shifts, self.kernelLength) = (steps, shifts, kernelLength)
    }

    /// What is known of a list before it is decoded.
    package struct Size: Sendable {
        package var steps: Int
        package var shifts: Int
        package var kernelLength: Int

        package init(steps: Int, shifts: Int, kernelLength: Int) {
            (self.steps, self.shifts, self.kernelLength) = (steps, shifts, kernelLength)
        }
    }

    /// Codes the lists of a file with one model. Steps are positive and finite.
    package static func encode(_ lists: [GridLists]) -> [UInt8] {
        var encoder = RangeEncoder()
        var model = GridListModel()
        let patterns = lists.flatMap(\.steps).map(\.bitPattern)
        var mantissas = MantissaTable(patterns)
        mantissas.code(&model, limit: patterns.count, &encoder)
        for list in lists {
            var symbols = list.steps.map { mantissas.symbol($0.bitPattern) }
            model.codeSteps(&symbols, &encoder)
            var shifts = list.shifts
            model.codeShifts(&shifts, list.kernelLength, &encoder)
        }
        return encoder.finish().coded
    }

    /// - Parameter sizes: of each list; their sum has been bounded.
    /// - Returns: nil where the bytes are not what ``encode(_:)`` makes.
    package static func decode(_ bytes: [UInt8], _ sizes: [Size]) -> [GridLists]? {
        bytes.withUnsafeBufferPointer { bytes in
            var decoder = RangeDecoder(coded: bytes, raw: UnsafeBufferPointer(start: nil, count: 0))
            var model = GridListModel()
            var mantissas = MantissaTable([])
            mantissas.code(&model, limit: sizes.reduce(0) { $0 + $1.steps }, &decoder)
            var lists: [GridLists] = []
            for size in sizes {
                var symbols = [Int](repeating: 0, count: size.steps)
                model.codeSteps(&symbols, &decoder)
                var shifts = [UInt8](repeating: 0, count: size.shifts)
                model.codeShifts(&shifts, size.kernelLength, &decoder)
                var steps: [Float] = []
                steps.reserveCapacity(symbols.count)
                for symbol in symbols {
                    guard let pattern = mantissas.pattern(symbol) else { return nil }
                    steps.append(Float(bitPattern: pattern))
                }
                lists.append(GridLists(steps: steps, shifts: shifts, kernelLength: size.kernelLength))
            }
            return lists
        }
    }
}

/// The different mantissa fields of float32 numbers. A number is then its exponent field and a place in the table, in one
/// number that ascends with it: on a logarithmic grid of n numbers an octave, its place on the grid.
private struct MantissaTable {
    private static let bits = 23
    private var mantissas: [UInt32]
    private var places: [UInt32: Int] = [:]

    init(_ patterns: [UInt32]) {
        mantissas = Set(patterns.map { $0 & ((1 << Self.bits) - 1) }).sorted()
        places = Dictionary(uniqueKeysWithValues: mantissas.enumerated().map { ($1, $0) })
    }

    func symbol(_ pattern: UInt32) -> Int {
        Int(pattern >> UInt32(Self.bits)) * mantissas.count + (places[pattern & ((1 << Self.bits) - 1)] ?? 0)
    }

    /// The number of a symbol; nil for numbers that are not positive and finite.
    func pattern(_ symbol: Int) -> UInt32? {
        guard symbol >= 0, !mantissas.isEmpty, symbol < 255 * mantissas.count else { return nil }
        let (exponent, place) = symbol.quotientAndRemainder(dividingBy: mantissas.count)
        let pattern = UInt32(exponent) << UInt32(Self.bits) | mantissas[place]
        return pattern == 0 ? nil : pattern
    }

    /// Codes the ascending mantissas by their distances, without the zero bits at the end that all have.
    mutating func code<Coder: EntropyCoder>(_ model: inout GridListModel, limit: Int, _ coder: inout Coder) {
        guard limit > 0 else { return }
        let count = min(model.distances.code(mantissas.count, &coder), limit)
        let used = mantissas.reduce(0, |)
        let known = UInt64(used == 0 ? Self.bits : used.trailingZeroBitCount)
        let zeros = UInt32(min(model.code(known, bits: 5, &coder), UInt64(Self.bits)))
        var last = -1
        var found: [UInt32] = []
        for place in 0..<count {
            let given = place < mantissas.count ? Int(mantissas[place] >> zeros) : 0
            last += 1 + model.distances.code(given &- last &- 1, &coder)
            // Of a damaged file alone.
            last = min(last, 1 << Self.bits)
            found.append(UInt32(last) << zeros & ((1 << UInt32(Self.bits)) - 1))
        }
        mantissas = found
    }
}

/// Estimates for the lists of a file.
private struct GridListModel {
    var distances = NumberEstimates()
    private var first = NumberEstimates()
    private var others = NumberEstimates()
    private var previous = [AdaptiveBit](repeating: AdaptiveBit(), count: 64)
    private var across = [AdaptiveBit](repeating: AdaptiveBit(), count: 64)
    private var weights = [MixingWeights](repeating: MixingWeights(), count: 8)
    private var signs = [AdaptiveBit](repeating: AdaptiveBit(), count: 3)
    /// Sixteenths of the mean of the last symbols.
    private var mean = 0
    private let tables = CodingTables()

    /// Bits of which nothing is known.
    func code<Coder: EntropyCoder>(_ value: UInt64, bits: Int, _ coder: inout Coder) -> UInt64 {
        (0..<bits).reduce(0) { found, step in
            found << 1 | UInt64(coder.code(UInt32(value >> UInt64(bits - 1 - step) & 1), one: 1 << 15))
        }
    }

    /// Each by its distance from the mean of those before; the first of a list from those of the list before.
    mutating func codeSteps<Coder: EntropyCoder>(_ symbols: inout [Int], _ coder: inout Coder) {
        for place in symbols.indices {
            let expected = (mean + 8) >> 4
            let distance = symbols[place] &- expected
            let sign = signs[place == 0 ? 0 : 1].code(distance < 0 ? 1 : 0, tables, &coder)
            let given = distance < 0 ? -1 - distance : distance
            let magnitude = place == 0 ? first.code(given, &coder) : others.code(given, &coder)
            let found = expected + (sign != 0 ? -1 - magnitude : magnitude)
            symbols[place] = found
            mean = place == 0 ? found * 16 : mean + (found * 16 - mean) / min(place + 1, 16)
        }
    }

    /// Each in the contexts of the one before and of the one a kernel before.
    mutating func codeShifts<Coder: EntropyCoder>(_ shifts: inout [UInt8], _ kernelLength: Int, _ coder: inout Coder) {
        let tables = tables
        for place in shifts.indices {
            let left = place > 0 ? Int(shifts[place - 1] & 7) : 0
            let above = place >= kernelLength ? Int(shifts[place - kernelLength] & 7) : left
            var node = 1
            for bit in [2, 1, 0] {
                let given = UInt32(shifts[place] >> UInt8(bit)) & 1
                let (one, other, number) = (8 * left + node, 8 * above + node, node)
                let found = previous.withUnsafeMutableBufferPointer { previous in
                    across.withUnsafeMutableBufferPointer { across -> UInt32 in
                        guard let a = previous.baseAddress, let b = across.baseAddress else { return 0 }
                        return weights[number].code(given, a + one, b + other, tables, &coder)
                    }
                }
                node = node << 1 | Int(found)
            }
            shifts[place] = UInt8(node & 7)
        }
    }
}

/// Estimates of whole numbers from 0 on: the length of the number plus 1 in unary, its upper two bits in a tree, the others as they
/// are.
private struct NumberEstimates {
    private static let longest = 32
    private var lengths = [AdaptiveBit](repeating: AdaptiveBit(), count: longest)
    private var trees = [AdaptiveBit](repeating: AdaptiveBit(), count: 4 * (longest + 1))
    private let tables = CodingTables()

    mutating func code<Coder: EntropyCoder>(_ number: Int, _ coder: inout Coder) -> Int {
        // A decoder's number is not known yet and may be anything.
        let value = UInt64(min(max(number, 0), 1 << 31)) + 1
        let length = 63 - value.leadingZeroBitCount
        var found = 0
        while found < Self.longest, lengths[found].code(length > found ? 1 : 0, tables, &coder) != 0 { found += 1 }
        var result: UInt64 = 1
        for step in 0..<found {
            let bit = UInt32(value >> UInt64(found - 1 - step) & 1)
            let coded =
                step < 2
                ? trees[4 * found + Int(result)].code(bit, tables, &coder) : coder.code(bit, one: 1 << 15)
            result = result << 1 | UInt64(coded)
        }
        return Int(result - 1)
    }
}
