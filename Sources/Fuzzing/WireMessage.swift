import Tensors

/// A protobuf message as a tree of fields, known by their wire types alone: bytes that can be read as a message are taken for one.
/// It is what mutations work on that have to leave the file's structure whole.
struct WireMessage: Sendable {
    indirect enum Content: Sendable {
        case number(UInt64)
        case fixed([UInt8])
        case bytes([UInt8])
        case message(WireMessage)
    }

    struct Field: Sendable {
        var number: UInt64
        var content: Content
    }

    var fields: [Field]

    private static let deepest = 12

    init(fields: [Field]) { self.fields = fields }

    /// nil where the bytes are no sequence of fields.
    init?(_ bytes: ArraySlice<UInt8>, depth: Int) {
        fields = []
        var rest = bytes
        while !rest.isEmpty {
            guard let tag = Self.varint(&rest), tag >> 3 > 0 else { return nil }
            let content: Content
            switch tag & 7 {
            case 0:
                guard let value = Self.varint(&rest) else { return nil }
                content = .number(value)
            case 1, 5:
                let width = tag & 7 == 1 ? 8 : 4
                guard rest.count >= width else { return nil }
                content = .fixed(Array(rest.prefix(width)))
                rest = rest.dropFirst(width)
            case 2:
                guard let length = Self.varint(&rest), length <= UInt64(rest.count) else { return nil }
                let payload = rest.prefix(Int(length))
                rest = rest.dropFirst(Int(length))
                let inner = depth < Self.deepest && payload.count > 1 ? WireMessage(payload, depth: depth + 1) : nil
                content = inner.map(Content.message) ?? .bytes(Array(payload))
            default: return nil
            }
            fields.append(Field(number: tag >> 3, content: content))
        }
    }

    private static func varint(_ bytes: inout ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while let byte = bytes.popFirst() {
            guard shift < 64 else { return nil }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        return nil
    }

    private static func append(_ value: UInt64, to bytes: inout [UInt8]) {
        var value = value
        while value >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        bytes.append(UInt8(value))
    }

    var bytes: [UInt8] {
        var result: [UInt8] = []
        for field in fields {
            switch field.content {
            case .number(let value):
                Self.append(field.number << 3, to: &result)
                Self.append(value, to: &result)
            case .fixed(let bytes):
                Self.append(field.number << 3 | (bytes.count == 8 ? 1 : 5), to: &result)
                result += bytes
            case .bytes(let payload):
                Self.append(field.number << 3 | 2, to: &result)
                Self.append(UInt64(payload.count), to: &result)
                result += payload
            case .message(let inner):
                let payload = inner.bytes
                Self.append(field.number << 3 | 2, to: &result)
                Self.append(UInt64(payload.count), to: &result)
                result += payload
            }
        }
        return result
    }

    /// Fields at every depth.
    var fieldCount: Int {
        fields.reduce(0) { sum, field in
            if case .message(let inner) = field.content { sum + 1 + inner.fieldCount } else { sum + 1 }
        }
    }

    /// The contents at every depth of fields of that number.
    func contents(of number: UInt64) -> [Content] {
        fields.flatMap { field -> [Content] in
            var own = field.number == number ? [field.content] : []
            if case .message(let inner) = field.content { own += inner.contents(of: number) }
            return own
        }
    }
}
