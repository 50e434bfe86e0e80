import COnnxSchema
import Tensors

/// Memory for protobuf-c structures that are about to be packed; freed at once when the arena goes.
final class MessageArena {
    private static let blockBytes = 1 << 16

    private var blocks: [UnsafeMutableRawPointer] = []
    private var next: UnsafeMutableRawPointer
    private var left = blockBytes

    init() {
        next = .allocate(byteCount: Self.blockBytes, alignment: 16)
        blocks.append(next)
    }

    deinit { for block in blocks { block.deallocate() } }

    /// Uninitialised memory for `count` values.
    func allocate<T>(_ type: T.Type, _ count: Int) -> UnsafeMutablePointer<T> {
        let size = (max(count, 1) * MemoryLayout<T>.stride + 15) / 16 * 16
        if size > Self.blockBytes / 4 {
            let block = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
            blocks.append(block)
            return block.bindMemory(to: T.self, capacity: count)
        }
        if size > left {
            next = .allocate(byteCount: Self.blockBytes, alignment: 16)
            blocks.append(next)
            left = Self.blockBytes
        }
        defer {
            next += size
            left -= size
        }
        return next.bindMemory(to: T.self, capacity: count)
    }

    /// A message with all fields absent; `initialise` is the generated function of that message.
    func message<M>(
        _ initialise: (UnsafeMutablePointer<M>?) -> Void
    ) -> UnsafeMutablePointer<M> {
        let message = allocate(M.self, 1)
        initialise(message)
        return message
    }

    /// A C string; nil stays nil, which is an absent field.
    func string(_ text: String?) -> UnsafeMutablePointer<CChar>? {
        guard var text else { return nil }
        return text.withUTF8 { utf8 in
            let copy = allocate(CChar.self, utf8.count + 1)
            for index in utf8.indices { copy[index] = CChar(bitPattern: utf8[index]) }
            copy[utf8.count] = 0
            return copy
        }
    }

    func bytes(_ content: [UInt8]) -> ProtobufCBinaryData {
        ProtobufCBinaryData(len: content.count, data: values(content))
    }

    /// A copy of the values.
    func values<T>(_ content: [T]) -> UnsafeMutablePointer<T> {
        let copy = allocate(T.self, content.count)
        for index in content.indices { copy[index] = content[index] }
        return copy
    }

    /// Adds serialised fields to a message, as fields that protobuf-c does not know.
    /// - Throws: `internalFault` where the bytes are no sequence of fields.
    func attach(_ residue: [UInt8], to base: inout ProtobufCMessage) throws(CNNOptError) {
        guard !residue.isEmpty else { return }
        var fields: [ProtobufCMessageUnknownField] = []
        var position = 0
        while position < residue.count {
            let tag = try varint(residue, &position)
            let begin = position
            switch tag & 7 {
            case 0: _ = try varint(residue, &position)
            case 1: position += 8
            case 5: position += 4
            case 2:
                let length = try varint(residue, &position)
                guard length <= UInt64(residue.count - position) else { throw Self.unsound }
                position += Int(length)
            default: throw Self.unsound
            }
            guard position <= residue.count else { throw Self.unsound }
            fields.append(
                ProtobufCMessageUnknownField(
                    tag: UInt32(truncatingIfNeeded: tag >> 3),
                    wire_type: ProtobufCWireType(rawValue: UInt32(tag & 7)),
                    len: position - begin,
                    data: values(Array(residue[begin..<position]))
                )
            )
        }
        base.n_unknown_fields = UInt32(fields.count)
        base.unknown_fields = values(fields)
    }

    private static let unsound = CNNOptError(.internalFault, "fields that were carried through are no protobuf")

    private func varint(_ bytes: [UInt8], _ position: inout Int) throws(CNNOptError) -> UInt64 {
        var result: UInt64 = 0
        var shift: UInt64 = 0
        while position < bytes.count, shift < 70 {
            let byte = bytes[position]
            position += 1
            result |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return result }
            shift += 7
        }
        throw Self.unsound
    }
}

/// The serialised form of a message that protobuf-c knows.
package func packed<M>(_ message: UnsafeMutablePointer<M>) -> [UInt8] {
    let base = UnsafeRawPointer(message).assumingMemoryBound(to: ProtobufCMessage.self)
    let size = protobuf_c_message_get_packed_size(base)
    guard size > 0 else { return [] }
    return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
        count = protobuf_c_message_pack(base, buffer.baseAddress)
    }
}

/// What is left of a message when the fields that the graph models are taken off its copy.
func residue<M>(_ message: UnsafeMutablePointer<M>, without clear: (inout M) -> Void) -> [UInt8] {
    var copy = message.pointee
    clear(&copy)
    return withUnsafeMutablePointer(to: &copy) { packed($0) }
}
