/// What a compact file says of itself: how large everything is and how it is coded. The fields are those of schemas/compact.proto.
package struct CompactIndex: Sendable, Equatable {
    package enum Method: UInt32, Sendable {
        case stored = 0
        case deflated, mixed, magnitudes, tokens

        /// Whether sections hold numbers; else bytes.
        package var isOfNumbers: Bool { self == .magnitudes || self == .tokens }
    }

    package enum Coding: UInt32, Sendable {
        case bytes = 0
        case floats, integers, grid, table, copy, gridText
    }

    package struct Section: Sendable, Equatable {
        package var method = Method.stored
        /// Numbers or bytes, as the method has it.
        package var decoded = 0
        package var codedBytes = 0
        package var rawBytes = 0
        package var modelledBits = 0
        package var checksum: UInt32 = 0

        package var byteCount: Int { codedBytes + rawBytes }
    }

    package struct Payload: Sendable, Equatable {
        package var gap = 0
        package var byteCount = 0
        package var coding = Coding.bytes
        package var element = ElementLayout.opaque
        package var section = 0
        package var sectionCount = 1
        package var back = 0
        /// Elements; 0 where the size gives them.
        package var elements = 0
        /// 0 stands for all elements.
        package var rowLength = 0
        package var kernelLength = 1
        /// The highest class of its numbers; for a grid the length in bits of the median.
        package var top = 0
        package var middle = 0
        package var hasZeros = false
        package var zerosHaveSigns = false
        package var hasRawSigns = false
        package var width = 0
        package var lowest = 0
        package var offset: Int64 = 0
        /// For a grid with one step.
        package var step = 0.0
        /// For a grid with a step for each index of an axis, 0 or 1.
        package var gridAxis: Int?
        package var steps: [Float] = []
        /// For a grid whose places have shifts.
        package var shifts: [UInt8] = []
        /// For a grid: whether its numbers are indices of dependent quantisation.
        package var isDependent = false
        package var table: [UInt8] = []
        package var zeros = 0

        /// Whether it lies in sections of its own or with others; copies and texts of grids follow from payloads before them.
        package var isCoded: Bool { coding != .copy && coding != .gridText }

        /// The elements that it holds.
        package var count: Int { elements > 0 ? elements : element.count(inBytes: byteCount) }
    }

    package var modelBytes = 0
    package var modelChecksum: UInt32 = 0
    package var sections: [Section] = []
    package var payloads: [Payload] = []
}

/// How the elements of a payload lie in its bytes; multi-byte ones are little-endian.
package enum ElementLayout: UInt32, Sendable, CaseIterable {
    case opaque = 0
    case float32 = 1
    case unsigned8, signed8, unsigned16, signed16, signed32, signed64
    case unsigned4, signed4
    case float16, float64
    case unsigned32, unsigned64
    case varint = 14
    case bfloat16 = 16

    /// Bits of an element; nil where they vary.
    var bits: Int? {
        switch self {
        case .opaque, .varint: nil
        case .unsigned4, .signed4: 4
        case .unsigned8, .signed8: 8
        case .unsigned16, .signed16, .float16, .bfloat16: 16
        case .float32, .signed32, .unsigned32: 32
        case .float64, .signed64, .unsigned64: 64
        }
    }

    /// Elements that so many bytes hold; 0 where that is not fixed or the bytes are no whole number of elements.
    func count(inBytes byteCount: Int) -> Int {
        guard let bits else { return 0 }
        if bits == 4 { return byteCount <= Int.max / 2 ? 2 * byteCount : 0 }
        return byteCount % (bits / 8) == 0 ? byteCount / (bits / 8) : 0
    }

    /// The bits of exponent and mantissa; nil for integers.
    var floatingPoint: (exponent: Int, mantissa: Int)? {
        switch self {
        case .float32: (8, 23)
        case .float16: (5, 10)
        case .bfloat16: (8, 7)
        case .float64: (11, 52)
        default: nil
        }
    }

    var isSigned: Bool {
        switch self {
        case .signed4, .signed8, .signed16, .signed32, .signed64, .varint: true
        default: false
        }
    }
}
