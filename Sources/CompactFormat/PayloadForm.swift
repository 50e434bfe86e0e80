import EntropyCoding
import Tensors

extension CompactIndex.Payload {
    /// The largest number of elements that one section holds of a payload.
    static let largestPiece = 1 << 20
    /// The longest integers that are taken apart, in bits.
    static let longestInteger = 56

    /// How its numbers are taken apart; nil for payloads that no model of numbers takes.
    /// - Throws: `invalidModel` where the index contradicts itself.
    func form() throws(CNNOptError) -> NumberForm? {
        switch coding {
        case .bytes, .copy, .gridText: return nil
        case .floats:
            guard let fields = element.floatingPoint, width <= fields.mantissa, top <= 1 << fields.exponent else {
                throw CompactIndex.broken("numbers of layout \(element) have no such fields")
            }
            let form = FloatForm(
                exponentBits: fields.exponent,
                mantissaBits: fields.mantissa,
                width: width,
                lowest: lowest
            )
            return .floats(form, element)
        case .integers:
            guard element != .opaque, top <= Self.longestInteger else {
                throw CompactIndex.broken("integers of \(top) bits of layout \(element)")
            }
            return .integers(element == .varint ? .signed64 : element, offset: offset)
        case .grid:
            let grid = UniformGrid(
                axis: gridAxis,
                steps: gridAxis == nil ? [step] : steps.map(Double.init),
                shifts: shifts,
                rowLength: rowLength > 0 ? rowLength : count,
                isDependent: isDependent
            )
            guard element == .float32, top <= TokenLayout.longest, grid.fits(count),
                !isDependent || pieceLength % grid.rowLength == 0
            else {
                throw CompactIndex.broken("a grid of \(grid.steps.count) steps and \(shifts.count) shifts")
            }
            return .grid(grid)
        case .table:
            guard let bits = element.bits, bits >= 8, top <= Self.longestInteger, table.count % (bits / 8) == 0 else {
                throw CompactIndex.broken("a table of \(table.count) bytes")
            }
            return .table(Self.values(table, bits / 8), element, offset: offset)
        }
    }

    /// What the model of its numbers is told of it.
    func layout(_ form: NumberForm) -> NumberLayout {
        let longest = max(min(count, Self.largestPiece), 1)
        let row = rowLength > 0 ? min(rowLength, longest) : longest
        let isKernel = (1...MagnitudeLayout.largestKernel).contains(kernelLength)
        if form.isGrid {
            return .tokens(
                TokenLayout(
                    typicalLength: top,
                    rowLength: row,
                    kernelLength: isKernel ? kernelLength : 1,
                    isDependent: isDependent,
                    hasRawSigns: hasRawSigns
                )
            )
        }
        let widths: [UInt8] =
            if case .floats(let fields, _) = form { fields.widths } else {
                MagnitudeLayout.integerWidths(longest: Self.longestInteger)
            }
        return .magnitudes(
            MagnitudeLayout(
                top: top,
                middle: middle,
                hasZeros: hasZeros,
                zerosHaveSigns: zerosHaveSigns,
                widths: widths,
                rowLength: row,
                kernelLength: isKernel ? kernelLength : 1,
                hasRawSigns: hasRawSigns
            )
        )
    }

    /// Elements of each of the sections that it is spread over, the last apart: whole rows where rows are short enough.
    var pieceLength: Int {
        guard sectionCount > 1 else { return count }
        let isWhole = rowLength % 2 == 0 || element.bits != 4
        let row = rowLength > 0 && rowLength <= Self.largestPiece && isWhole ? rowLength : 2
        let rows = (count + row - 1) / row
        return (rows + sectionCount - 1) / sectionCount * row
    }

    /// The values of a table, which lie byte plane by byte plane, the highest first.
    private static func values(_ table: [UInt8], _ size: Int) -> [UInt64] {
        let count = table.count / size
        return (0..<count).map { index in
            (0..<size).reduce(UInt64(0)) { $0 << 8 | UInt64(table[$1 * count + index]) }
        }
    }

    /// The inverse of ``values(_:_:)``.
    static func table(_ values: [UInt64], _ size: Int) -> [UInt8] {
        (0..<size).flatMap { plane in
            values.map { UInt8(truncatingIfNeeded: $0 >> UInt64(8 * (size - 1 - plane))) }
        }
    }
}

/// protobuf's variable-length integers.
enum Varints {
    /// The numbers; nil where one is not in its shortest form.
    static func decode(_ bytes: UnsafeRawBufferPointer) -> [Int64]? {
        var numbers: [Int64] = []
        numbers.reserveCapacity(bytes.count)
        var position = 0
        while position < bytes.count {
            var value: UInt64 = 0
            var shift: UInt64 = 0
            while true {
                guard position < bytes.count, shift < 70 else { return nil }
                let byte = bytes[position]
                position += 1
                if shift == 63, byte > 1 { return nil }
                value |= UInt64(byte & 0x7F) << shift
                shift += 7
                if byte < 0x80 {
                    if byte == 0, shift > 7 { return nil }
                    break
                }
            }
            numbers.append(Int64(bitPattern: value))
        }
        return numbers
    }

    /// - Returns: whether the numbers fill the target exactly.
    static func encode(_ numbers: [Int64], into target: UnsafeMutableRawBufferPointer) -> Bool {
        var position = 0
        for number in numbers {
            var value = UInt64(bitPattern: number)
            while true {
                guard position < target.count else { return false }
                let isLast = value < 0x80
                target[position] = UInt8(truncatingIfNeeded: value & 0x7F) | (isLast ? 0 : 0x80)
                position += 1
                if isLast { break }
                value >>= 7
            }
        }
        return position == target.count
    }
}
