import Tensors

/// What the header of a `.npy` file says, checked.
struct NPYHeader {
    private(set) var elementType: ElementType = .float32
    /// Whether the bytes of each number lie in big-endian order.
    private(set) var isSwapped = false
    private(set) var isFortranOrder = false
    private(set) var shape: [Int] = []
    /// Where the shape stands in the file.
    private(set) var shapeOffset = 0
    /// Where the elements start in the file.
    let dataOffset: Int

    /// As many axes as NumPy itself allows.
    static let largestRank = 64

    private static let types: [(name: String, type: ElementType)] = [
        ("b1", .bool), ("i1", .int8), ("i2", .int16), ("i4", .int32), ("i8", .int64), ("u1", .uint8), ("u2", .uint16),
        ("u4", .uint32), ("u8", .uint64), ("f2", .float16), ("f4", .float32), ("f8", .float64), ("c8", .complex64),
        ("c16", .complex128),
    ]

    /// NumPy's name of an element type with its byte order; nil for types that NumPy lacks.
    static func descriptor(of type: ElementType) -> String? {
        types.first { $0.type == type }.map { (type.bitWidth == 8 ? "|" : "<") + $0.name }
    }

    /// Reads the header at the start of a file.
    init(parsing bytes: UnsafeRawBufferPointer) throws(CNNOptError) {
        guard bytes.count >= 10, bytes.prefix(6).elementsEqual(NPY.magic) else {
            throw CNNOptError(.invalidData, bytes.isEmpty ? "the file is empty" : "not a .npy file").atByte(0)
        }
        let major = bytes[6]
        guard (1...3).contains(major) else {
            throw CNNOptError(.unsupported, "version \(major) of the .npy format; 1 to 3 are known").atByte(6)
        }
        let lengthBytes = major == 1 ? 2 : 4
        let start = 8 + lengthBytes
        guard bytes.count >= start else { throw CNNOptError(.invalidData, "the header is cut off").atByte(8) }
        var length = 0
        for index in (0..<lengthBytes).reversed() { length = length << 8 | Int(bytes[8 + index]) }
        guard length <= bytes.count - start else {
            throw CNNOptError(
                .invalidData,
                "the header claims \(length) bytes, but \(bytes.count - start) are left in the file"
            ).atByte(8)
        }
        dataOffset = start + length
        var parser = NPYHeaderParser(bytes: UnsafeRawBufferPointer(rebasing: bytes[start..<dataOffset]), origin: start)
        try parse(&parser)
    }

    private mutating func parse(_ parser: inout NPYHeaderParser) throws(CNNOptError) {
        var missing: Set = ["descr", "fortran_order", "shape"]
        try parser.expect("{")
        while !parser.accept("}") {
            let keyOffset = parser.offset
            let key = try parser.string()
            guard missing.remove(key) != nil else {
                throw CNNOptError(.invalidData, "key '\(key)' in the header is unknown or repeated").atByte(keyOffset)
            }
            try parser.expect(":")
            switch key {
            case "descr": try parseDescriptor(&parser)
            case "fortran_order": isFortranOrder = try parser.boolean()
            default:
                parser.skipSpace()
                shapeOffset = parser.offset
                shape = try parser.sizes(atMost: Self.largestRank)
            }
            if !parser.accept(",") {
                try parser.expect("}")
                break
            }
        }
        guard missing.isEmpty else {
            throw CNNOptError(
                .invalidData,
                "the header lacks \(missing.sorted().map { "'\($0)'" }.joined(separator: " and "))"
            ).atByte(parser.offset)
        }
        try parser.expectEnd()
    }

    private mutating func parseDescriptor(_ parser: inout NPYHeaderParser) throws(CNNOptError) {
        parser.skipSpace()
        let offset = parser.offset
        if parser.peek("[") {
            throw CNNOptError(.unsupported, "records of several fields", remedy: "save one field as a plain array")
                .atByte(offset)
        }
        let text = try parser.string()
        let order = text.first { "<>|=".contains($0) && text.first == $0 }
        let name = order == nil ? text : String(text.dropFirst())
        guard let type = Self.types.first(where: { $0.name == name })?.type else {
            if Self.isForeign(name) {
                throw CNNOptError(
                    .unsupported,
                    "array elements of type '\(text)'",
                    remedy: "save them as integers or as floats of 2, 4 or 8 bytes"
                ).atByte(offset)
            }
            throw CNNOptError(.invalidData, "'\(text)' is no element type").atByte(offset)
        }
        guard order != "|" || type.bitWidth == 8 else {
            throw CNNOptError(.invalidData, "element type '\(text)' lacks its byte order").atByte(offset)
        }
        elementType = type
        isSwapped = order == ">" && type.bitWidth > 8
    }

    /// Whether NumPy has such elements though tensors do not: objects, text, raw bytes, dates, long doubles.
    private static func isForeign(_ name: String) -> Bool {
        if ["f12", "f16", "c24", "c32"].contains(name) { return true }
        guard let kind = name.first, "OSUVMmat".contains(kind) else { return false }
        return name.dropFirst().allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "[]".contains($0)) }
    }
}
