import COnnxSchema
import Testing

/// An attribute as bytes, and what is special about it.
struct AttributeBytes: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let bytes: [UInt8]

    init(_ what: String, _ bytes: [UInt8]) {
        testDescription = what
        self.bytes = bytes
    }

    /// What protobuf-c writes after it has read the bytes; nil where it cannot read them.
    var readAndWritten: [UInt8]? {
        guard let attribute = onnx__attribute_proto__unpack(nil, bytes.count, bytes) else { return nil }
        defer { onnx__attribute_proto__free_unpacked(attribute, nil) }
        var packed = [UInt8](repeating: 0, count: onnx__attribute_proto__get_packed_size(attribute))
        let count = onnx__attribute_proto__pack(attribute, &packed)
        return count == packed.count ? packed : nil
    }
}

@Test(arguments: [
    AttributeBytes("nothing", []),
    AttributeBytes("a type that no version knows", [0xa0, 0x01, 0x63]),
    AttributeBytes(
        "a negative type",
        [0xa0, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]
    ),
    AttributeBytes("an empty name and empty bytes, which differ from none", [0x0a, 0x00, 0x22, 0x00]),
    AttributeBytes("zeros that are said", [0x15, 0, 0, 0, 0, 0x18, 0x00, 0xa0, 0x01, 0x00]),
    AttributeBytes(
        "floats and integers, each with its own tag",
        [0x3d, 0, 0, 0x80, 0x3f, 0x3d, 0, 0, 0xc0, 0x7f, 0x40, 0x01, 0x40, 0x02]
    ),
    AttributeBytes(
        "a name that is not UTF-8, bytes with zeros",
        [0x0a, 0x02, 0xff, 0xfe, 0x4a, 0x03, 0x00, 0xff, 0x00]
    ),
    AttributeBytes(
        "unknown fields of four wire types",
        [0xc8, 0x3e, 0x05, 0xd1, 0x3e, 1, 2, 3, 4, 5, 6, 7, 8, 0xda, 0x3e, 0x01, 0x61, 0xe5, 0x3e, 1, 2, 3, 4]
    ),
    AttributeBytes("an unknown field inside a tensor", [0x2a, 0x05, 0x10, 0x01, 0xc8, 0x3e, 0x05]),
    AttributeBytes(
        "a tensor with packed floats and an unknown data location",
        [0x2a, 0x08, 0x22, 0x04, 0, 0, 0x80, 0x3f, 0x70, 0x07]
    ),
])
func anAttributeComesBackByteForByte(_ attribute: AttributeBytes) {
    #expect(attribute.readAndWritten == attribute.bytes)
}

@Test func packedAndTaggedIntegersMeanTheSame() {
    let packed = AttributeBytes("packed", [0x42, 0x02, 0x01, 0x02])
    #expect(packed.readAndWritten == [0x40, 0x01, 0x40, 0x02])
}

@Test func aTruncatedAttributeIsRefused() {
    #expect(AttributeBytes("cut", [0x0a, 0x05, 0x61]).readAndWritten == nil)
}
