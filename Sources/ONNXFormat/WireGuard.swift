import COnnxSchema
import Tensors

/// Walks a protobuf message before protobuf-c sees it, which recurses as deep as the file asks for, cuts strings at a zero
/// byte and does not say where a broken message is broken.
///
/// The walk keeps its own stack, so its depth costs no call stack.
package struct WireGuard {
    /// The deepest nesting of messages that is read; the same limit as Google's readers have.
    static let deepest = 100
    /// The largest message that protobuf can hold, in bytes.
    static let largest = Int(Int32.max)

    package typealias Descriptor = UnsafePointer<ProtobufCMessageDescriptor>

    private struct Frame {
        let descriptor: Descriptor
        let end: Int
        /// Bits of the fields that may occur once and have occurred.
        var seen: UInt64 = 0
        var hasOneOf = false
    }

    private let bytes: UnsafeRawBufferPointer
    private var position = 0
    private var stack: [Frame]

    /// Checks that the bytes are a message of that type which protobuf-c can unpack without loss.
    /// - Throws: `invalidModel` with the offset of the first byte that is wrong.
    package static func check(_ bytes: UnsafeRawBufferPointer, as descriptor: Descriptor) throws(CNNOptError) {
        guard bytes.count <= largest else {
            throw CNNOptError(
                .invalidModel,
                "\(bytes.count) bytes are more than protobuf can hold",
                remedy: "export it with the weights as external data"
            )
        }
        var guardian = WireGuard(bytes: bytes, stack: [Frame(descriptor: descriptor, end: bytes.count)])
        try guardian.walk()
    }

    private init(bytes: UnsafeRawBufferPointer, stack: [Frame]) {
        self.bytes = bytes
        self.stack = stack
    }

    private mutating func walk() throws(CNNOptError) {
        while let frame = stack.last {
            if position == frame.end {
                stack.removeLast()
            } else {
                try field(in: frame)
            }
        }
    }

    private mutating func field(in frame: Frame) throws(CNNOptError) {
        let start = position
        let tag = try varint(limit: frame.end)
        let number = tag >> 3
        guard number > 0, number < 1 << 29 else { throw broken("field number \(number) does not exist", at: start) }
        let known = protobuf_c_message_descriptor_get_field(frame.descriptor, UInt32(number))
        switch tag & 7 {
        case 0:
            try expect(known, start, Self.varintTypes)
            _ = try varint(limit: frame.end)
        case 1:
            try expect(known, start, [PROTOBUF_C_TYPE_DOUBLE, PROTOBUF_C_TYPE_FIXED64, PROTOBUF_C_TYPE_SFIXED64])
            try skip(8, limit: frame.end, of: start)
        case 5:
            try expect(known, start, [PROTOBUF_C_TYPE_FLOAT, PROTOBUF_C_TYPE_FIXED32, PROTOBUF_C_TYPE_SFIXED32])
            try skip(4, limit: frame.end, of: start)
        case 2:
            let length = try varint(limit: frame.end)
            guard length <= UInt64(frame.end - position) else {
                throw broken(
                    "a field of \(length) bytes begins here, but only \(frame.end - position) are left",
                    at: start,
                    remedy: "the file is cut short or damaged"
                )
            }
            try payload(known, start, end: position + Int(length))
        case let type:
            throw broken("wire type \(type) is not one that ONNX uses", at: start)
        }
    }

    /// The content of a length-prefixed field.
    private mutating func payload(
        _ known: UnsafePointer<ProtobufCFieldDescriptor>?,
        _ start: Int,
        end: Int
    ) throws(CNNOptError) {
        guard let known else {
            position = end
            return
        }
        let field = known.pointee
        switch field.type {
        case PROTOBUF_C_TYPE_MESSAGE:
            try noteSingle(known, start)
            guard stack.count < Self.deepest else {
                throw broken("messages are nested more than \(Self.deepest) deep", at: start)
            }
            guard let inner = field.descriptor else { throw broken("field \(field.id) has no type", at: start) }
            stack.append(Frame(descriptor: inner.assumingMemoryBound(to: ProtobufCMessageDescriptor.self), end: end))
        case PROTOBUF_C_TYPE_STRING:
            try noteSingle(known, start)
            try text(until: end, of: field)
        case PROTOBUF_C_TYPE_BYTES:
            position = end
        default:
            guard field.label == PROTOBUF_C_LABEL_REPEATED else { throw wrongType(field, start) }
            try packed(field, start, end: end)
        }
    }

    /// A message that occurs twice where one is allowed would be merged, and a second member of a oneof replaces the
    /// first: no exporter writes such files.
    private mutating func noteSingle(
        _ known: UnsafePointer<ProtobufCFieldDescriptor>,
        _ start: Int
    ) throws(CNNOptError) {
        let field = known.pointee
        let top = stack.count - 1
        if field.flags & UInt32(PROTOBUF_C_FIELD_FLAG_ONEOF.rawValue) != 0 {
            guard !stack[top].hasOneOf else { throw broken("a second value for \(Self.name(field))", at: start) }
            stack[top].hasOneOf = true
        } else if field.label != PROTOBUF_C_LABEL_REPEATED, field.type == PROTOBUF_C_TYPE_MESSAGE {
            let bit = UInt64(1) << UInt64(known - stack[top].descriptor.pointee.fields)
            guard stack[top].seen & bit == 0 else { throw broken("a second \(Self.name(field))", at: start) }
            stack[top].seen |= bit
        }
    }

    private mutating func text(until end: Int, of field: ProtobufCFieldDescriptor) throws(CNNOptError) {
        let begin = position
        position = end
        var isASCII = true
        for index in begin..<end {
            if bytes[index] >= 0x80 { isASCII = false }
            if bytes[index] == 0 { throw broken("\(Self.name(field)) has a zero byte in it", at: index) }
        }
        guard isASCII || String(validating: bytes[begin..<end], as: UTF8.self) != nil else {
            throw broken("\(Self.name(field)) is not valid UTF-8", at: begin)
        }
    }

    private mutating func packed(
        _ field: ProtobufCFieldDescriptor,
        _ start: Int,
        end: Int
    ) throws(CNNOptError) {
        let width: Int
        switch field.type {
        case PROTOBUF_C_TYPE_FLOAT, PROTOBUF_C_TYPE_FIXED32, PROTOBUF_C_TYPE_SFIXED32: width = 4
        case PROTOBUF_C_TYPE_DOUBLE, PROTOBUF_C_TYPE_FIXED64, PROTOBUF_C_TYPE_SFIXED64: width = 8
        default:
            while position < end { _ = try varint(limit: end) }
            return
        }
        guard (end - position) % width == 0 else {
            throw broken("\(Self.name(field)) has \(end - position) bytes, no multiple of \(width)", at: start)
        }
        position = end
    }

    private mutating func varint(limit: Int) throws(CNNOptError) -> UInt64 {
        let start = position
        var result: UInt64 = 0
        var shift: UInt64 = 0
        while position < limit {
            let byte = bytes[position]
            position += 1
            result |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return result }
            shift += 7
            guard shift < 70 else { throw broken("a number of more than 10 bytes", at: start) }
        }
        throw broken("a number is cut off", at: start, remedy: "the file is cut short or damaged")
    }

    private mutating func skip(_ count: Int, limit: Int, of start: Int) throws(CNNOptError) {
        guard limit - position >= count else {
            throw broken("a number is cut off", at: start, remedy: "the file is cut short or damaged")
        }
        position += count
    }

    private static let varintTypes = [
        PROTOBUF_C_TYPE_INT32, PROTOBUF_C_TYPE_SINT32, PROTOBUF_C_TYPE_UINT32, PROTOBUF_C_TYPE_INT64,
        PROTOBUF_C_TYPE_SINT64, PROTOBUF_C_TYPE_UINT64, PROTOBUF_C_TYPE_BOOL, PROTOBUF_C_TYPE_ENUM,
    ]

    private mutating func expect(
        _ known: UnsafePointer<ProtobufCFieldDescriptor>?,
        _ start: Int,
        _ types: [ProtobufCType]
    ) throws(CNNOptError) {
        guard let known else { return }
        guard types.contains(known.pointee.type) else { throw wrongType(known.pointee, start) }
        if known.pointee.flags & UInt32(PROTOBUF_C_FIELD_FLAG_ONEOF.rawValue) != 0 { try noteSingle(known, start) }
    }

    private static func name(_ field: ProtobufCFieldDescriptor) -> String {
        field.name.map { "'\(String(cString: $0))'" } ?? "field \(field.id)"
    }

    private func wrongType(_ field: ProtobufCFieldDescriptor, _ start: Int) -> CNNOptError {
        broken("\(Self.name(field)) has the wrong wire type", at: start)
    }

    private func broken(_ text: String, at offset: Int, remedy: String? = nil) -> CNNOptError {
        let message = stack.last?.descriptor.pointee.short_name.map { " in \(String(cString: $0))" } ?? ""
        return CNNOptError(
            .invalidModel,
            "not a sound ONNX file: \(text)\(message)",
            remedy: remedy ?? "the file is damaged, or it is not an ONNX model"
        )
        .atByte(offset)
    }
}
