import EntropyCoding
import Tensors

/// How the elements of a payload become numbers of class, sign and fraction, and back.
enum NumberForm {
    case floats(FloatForm, ElementLayout)
    case integers(ElementLayout, offset: Int64)
    /// float32 numbers that are whole multiples of steps.
    case grid(UniformGrid)
    /// Bit patterns in ascending order of what they stand for.
    case table([UInt64], ElementLayout, offset: Int64)

    /// Whether numbers are multiples of steps.
    var isGrid: Bool { if case .grid = self { true } else { false } }

    /// The elements of a batch; even, so that batches of 4-bit elements begin at whole bytes.
    static let batch = 2_048

    /// Takes elements apart.
    /// - Parameters:
    ///   - source: the payload's bytes.
    ///   - first: the number of the first element; even where elements have 4 bits.
    ///   - state: of dependent quantisation, for the elements that follow.
    /// - Returns: false where an element is not on the grid.
    @discardableResult
    func take(
        _ source: UnsafeRawPointer,
        first: Int,
        count: Int,
        into batch: MagnitudeBatch,
        state: inout Int
    ) -> Bool {
        switch self {
        case .floats(let form, let layout):
            switch layout {
            case .float32: form.take(UInt32.self, source + 4 * first, count, batch)
            case .float64: form.take(UInt64.self, source + 8 * first, count, batch)
            default: form.take(UInt16.self, source + 2 * first, count, batch)
            }
        case .integers(let layout, let offset):
            for index in 0..<count {
                batch.integers[index] = Self.integer(source, first + index, layout) &- offset
            }
            batch.takeIntegers(count)
        case .grid(let grid):
            // The token model takes integers as they are.
            return grid.numbers(source, first: first, count: count, state: &state, into: batch.integers)
        case .table(let values, let layout, let offset):
            for index in 0..<count {
                let word = Self.pattern(source, first + index, layout)
                batch.integers[index] = Int64(Self.place(of: word, in: values, layout)) &- offset
            }
            batch.takeIntegers(count)
        }
        return true
    }

    /// Puts elements together again.
    /// - Returns: false where a number stands for no element.
    func put(
        _ target: UnsafeMutableRawPointer,
        first: Int,
        count: Int,
        from batch: MagnitudeBatch,
        state: inout Int
    ) -> Bool {
        switch self {
        case .floats(let form, let layout):
            switch layout {
            case .float32: form.put(UInt32.self, target + 4 * first, count, batch)
            case .float64: form.put(UInt64.self, target + 8 * first, count, batch)
            default: form.put(UInt16.self, target + 2 * first, count, batch)
            }
        case .integers(let layout, let offset):
            batch.putIntegers(count)
            let integers = batch.integers
            Self.store(layout, target, first, count) { integers[$0] &+ offset }
        case .grid(let grid):
            grid.elements(batch.integers, first: first, count: count, state: &state, into: target)
        case .table(let values, let layout, let offset):
            batch.putIntegers(count)
            let integers = batch.integers
            for index in 0..<count {
                let place = integers[index] &+ offset
                guard place >= 0, place < values.count else { return false }
            }
            Self.store(layout, target, first, count) { Int64(bitPattern: values[Int(integers[$0] &+ offset)]) }
        }
        return true
    }

    /// The element as a signed number; an unsigned one of 64 bits by its bit pattern.
    @inline(__always)
    static func integer(_ source: UnsafeRawPointer, _ index: Int, _ layout: ElementLayout) -> Int64 {
        switch layout {
        case .signed8: Int64(source.load(fromByteOffset: index, as: Int8.self))
        case .signed16:
            Int64(Int16(littleEndian: (source + 2 * index).loadUnaligned(as: Int16.self)))
        case .signed32:
            Int64(Int32(littleEndian: (source + 4 * index).loadUnaligned(as: Int32.self)))
        case .signed4:
            Int64(
                Int8(bitPattern: source.load(fromByteOffset: index >> 1, as: UInt8.self) << (index & 1 == 0 ? 4 : 0))
                    >> 4
            )
        default: Int64(bitPattern: pattern(source, index, layout))
        }
    }

    /// The element's bits.
    @inline(__always)
    static func pattern(_ source: UnsafeRawPointer, _ index: Int, _ layout: ElementLayout) -> UInt64 {
        switch layout.bits ?? 8 {
        case 4: UInt64(source.load(fromByteOffset: index >> 1, as: UInt8.self) >> (index & 1 == 0 ? 0 : 4) & 0xF)
        case 16: UInt64(UInt16(littleEndian: (source + 2 * index).loadUnaligned(as: UInt16.self)))
        case 32: UInt64(UInt32(littleEndian: (source + 4 * index).loadUnaligned(as: UInt32.self)))
        case 64: UInt64(littleEndian: (source + 8 * index).loadUnaligned(as: UInt64.self))
        default: UInt64(source.load(fromByteOffset: index, as: UInt8.self))
        }
    }

    /// Stores the lowest bits of numbers.
    @inline(__always)
    private static func store(
        _ layout: ElementLayout,
        _ target: UnsafeMutableRawPointer,
        _ first: Int,
        _ count: Int,
        _ value: (Int) -> Int64
    ) {
        func store<Word: FixedWidthInteger>(_ type: Word.Type) {
            let size = MemoryLayout<Word>.size
            for index in 0..<count {
                let word = Word(truncatingIfNeeded: value(index)).littleEndian
                (target + size * (first + index)).storeBytes(of: word, as: Word.self)
            }
        }
        switch layout.bits ?? 64 {
        case 4:
            for index in stride(from: 0, to: count, by: 2) {
                let low = UInt8(truncatingIfNeeded: value(index)) & 0xF
                let high = index + 1 < count ? UInt8(truncatingIfNeeded: value(index + 1)) << 4 : 0
                target.storeBytes(of: low | high, toByteOffset: (first + index) >> 1, as: UInt8.self)
            }
        case 8: store(UInt8.self)
        case 16: store(UInt16.self)
        case 32: store(UInt32.self)
        default: store(UInt64.self)
        }
    }

    /// The place of a bit pattern in the table; 0 where it is not in it.
    private static func place(of word: UInt64, in values: [UInt64], _ layout: ElementLayout) -> Int {
        let key = order(word, layout)
        var (low, high) = (0, values.count)
        while low < high {
            let middle = (low + high) / 2
            if order(values[middle], layout) < key { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// A number by which bit patterns sort like what they stand for.
    static func order(_ word: UInt64, _ layout: ElementLayout) -> Int64 {
        let shift = UInt64(64 - (layout.bits ?? 64))
        let signed = Int64(bitPattern: word << shift) >> Int64(shift)
        guard layout.floatingPoint != nil else { return layout.isSigned ? signed : Int64(bitPattern: word) }
        return signed >= 0 ? signed : signed ^ Int64.max
    }
}

/// Floating-point numbers by their fields.
struct FloatForm: Equatable {
    let exponentBits: Int
    let mantissaBits: Int
    /// Upper mantissa bits that are not always 0.
    let width: Int
    /// The exponent field minus the place below the leading bit of the lowest bit that is not always 0: numbers that came
    /// from a format of less range have fewer bits where they are small.
    let lowest: Int
    /// Fraction bits by class. The class is the exponent field plus 1; 0 is the number zero.
    let widths: [UInt8]

    init(exponentBits: Int, mantissaBits: Int, width: Int, lowest: Int) {
        self.exponentBits = exponentBits
        self.mantissaBits = mantissaBits
        self.width = width
        self.lowest = lowest
        widths = (0...1 << exponentBits).map { number in UInt8(max(0, min(width, max(number - 1, 1) - lowest))) }
    }

    func take<Word: FixedWidthInteger & UnsignedInteger>(
        _ type: Word.Type,
        _ source: UnsafeRawPointer,
        _ count: Int,
        _ batch: MagnitudeBatch
    ) {
        let (classes, payloads) = (batch.classes, batch.payloads)
        widths.withUnsafeBufferPointer { widths in
            let mask = (UInt64(1) << UInt64(mantissaBits)) - 1
            let exponentMask = (UInt64(1) << UInt64(exponentBits)) - 1
            let size = MemoryLayout<Word>.size
            for index in 0..<count {
                let bits = UInt64(Word(littleEndian: (source + size * index).loadUnaligned(as: Word.self)))
                let exponent = bits >> UInt64(mantissaBits) & exponentMask
                let mantissa = bits & mask
                let sign = bits >> UInt64(mantissaBits &+ exponentBits) & 1
                if exponent | mantissa == 0 {
                    classes[index] = 0
                    payloads[index] = sign
                } else {
                    let number = Int(exponent) &+ 1
                    classes[index] = UInt16(truncatingIfNeeded: number)
                    payloads[index] = (mantissa >> UInt64(mantissaBits &- Int(widths[number]))) << 1 | sign
                }
            }
        }
    }

    func put<Word: FixedWidthInteger & UnsignedInteger>(
        _ type: Word.Type,
        _ target: UnsafeMutableRawPointer,
        _ count: Int,
        _ batch: MagnitudeBatch
    ) {
        let (classes, payloads) = (batch.classes, batch.payloads)
        widths.withUnsafeBufferPointer { widths in
            let size = MemoryLayout<Word>.size
            for index in 0..<count {
                let number = Int(classes[index])
                let payload = payloads[index]
                let sign = (payload & 1) << UInt64(mantissaBits &+ exponentBits)
                var bits = sign
                if number > 0 {
                    let mantissa = (payload >> 1) << UInt64(mantissaBits &- Int(widths[number]))
                    bits |= UInt64(number &- 1) << UInt64(mantissaBits) | mantissa
                }
                (target + size * index).storeBytes(of: Word(truncatingIfNeeded: bits).littleEndian, as: Word.self)
            }
        }
    }
}
