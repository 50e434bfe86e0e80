import Tensors

/// A reader of the part of Python's literal syntax that `.npy` headers are written in. Offsets are those of the file.
struct NPYHeaderParser {
    private let bytes: UnsafeRawBufferPointer
    private let origin: Int
    private var position = 0

    /// - Parameter origin: where `bytes` starts in the file.
    init(bytes: UnsafeRawBufferPointer, origin: Int) {
        self.bytes = bytes
        self.origin = origin
    }

    /// The offset in the file of the next byte.
    var offset: Int { origin + position }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func skipSpace() {
        while let byte = next, byte == 0x20 || (0x09...0x0D).contains(byte) { position += 1 }
    }

    /// Whether the next character is this one.
    mutating func peek(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        return next.map(UInt32.init) == character.value
    }

    mutating func accept(_ character: Unicode.Scalar) -> Bool {
        guard peek(character) else { return false }
        position += 1
        return true
    }

    mutating func expect(_ character: Unicode.Scalar) throws(CNNOptError) {
        guard accept(character) else { throw wrong("'\(character)'") }
    }

    mutating func expectEnd() throws(CNNOptError) {
        skipSpace()
        if next != nil { throw wrong("its end") }
    }

    /// A string in single or double quotes, without escapes.
    mutating func string() throws(CNNOptError) -> String {
        skipSpace()
        guard let quote = next, quote == 0x27 || quote == 0x22 else { throw wrong("a quoted word") }
        let start = position + 1
        position = start
        while let byte = next, byte != quote, byte != 0x5C, position - start < 100 { position += 1 }
        guard next == quote else { throw wrong("a closing quote") }
        defer { position += 1 }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    mutating func boolean() throws(CNNOptError) -> Bool {
        skipSpace()
        for (word, value) in [("True", true), ("False", false)] where bytes[position...].starts(with: word.utf8) {
            position += word.utf8.count
            return value
        }
        throw wrong("True or False")
    }

    /// A tuple of sizes such as `()`, `(3,)` or `(3, 4)`; Python 2 wrote `(3L, 4L)`.
    mutating func sizes(atMost limit: Int) throws(CNNOptError) -> [Int] {
        try expect("(")
        var sizes: [Int] = []
        while !accept(")") {
            let start = offset
            guard sizes.count < limit else {
                throw CNNOptError(.invalidData, "the shape has more than \(limit) axes").atByte(start)
            }
            sizes.append(try size())
            if !accept(",") {
                try expect(")")
                break
            }
        }
        return sizes
    }

    private mutating func size() throws(CNNOptError) -> Int {
        skipSpace()
        let start = offset
        if next == 0x2D {
            throw CNNOptError(.invalidData, "the shape has a negative size").atByte(start)
        }
        var value: Int?
        while let byte = next, (0x30...0x39).contains(byte) {
            let (shifted, overflow) = (value ?? 0).multipliedReportingOverflow(by: 10)
            let (sum, carry) = shifted.addingReportingOverflow(Int(byte - 0x30))
            guard !overflow, !carry else {
                throw CNNOptError(.invalidData, "the shape has a size beyond 64 bits").atByte(start)
            }
            value = sum
            position += 1
        }
        guard let value else { throw wrong("a size") }
        if next == 0x4C { position += 1 }
        return value
    }

    private func wrong(_ wanted: String) -> CNNOptError {
        CNNOptError(.invalidData, "the header is damaged: \(wanted) was expected").atByte(offset)
    }
}
