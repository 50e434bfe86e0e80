import COnnxSchema
import Tensors

/// Where the bytes of one tensor lie in a model file, as one field of it.
package struct TensorPayload: Sendable {
    /// How the elements lie there.
    package enum Layout: Sendable {
        /// As in memory.
        case elements(ElementType)
        /// As protobuf's variable-length integers.
        case varints
    }

    package var range: Range<Int>
    package var layout: Layout
    /// The tensor's shape as the file has it; it need not agree with the payload.
    package var shape: [Int]
    package var name: String?
    /// The text that says what grid the tensor's elements lie on, somewhere behind them.
    package var gridText: Range<Int>?

    package init(range: Range<Int>, layout: Layout, shape: [Int], name: String?) {
        (self.range, self.layout, self.shape, self.name) = (range, layout, shape, name)
    }
}

/// Finds the bytes of tensors in a serialised model, wherever tensors may be: initialisers, attributes, inner graphs,
/// functions, sparse tensors, training information. Nothing is unpacked.
package struct PayloadLocator {
    private let bytes: UnsafeRawBufferPointer
    private let minimum: Int
    private var payloads: [TensorPayload] = []
    private let tensor: WireGuard.Descriptor

    /// - Parameter minimum: payloads of fewer bytes are left out.
    /// - Returns: the payloads in the file's order.
    /// - Throws: `invalidModel` where the bytes are no sound ONNX model, `unsupported` where tensors are in other files.
    package static func locate(
        _ bytes: UnsafeRawBufferPointer,
        minimum: Int
    ) throws(CNNOptError) -> [TensorPayload] {
        guard !bytes.isEmpty else {
            throw CNNOptError(.invalidModel, "the file is empty", remedy: "export or download the model again")
        }
        var model = Onnx__ModelProto()
        onnx__model_proto__init(&model)
        guard let descriptor = model.base.descriptor else {
            throw CNNOptError(.internalFault, "the schema has no model")
        }
        try WireGuard.check(bytes, as: descriptor)
        var tensor = Onnx__TensorProto()
        onnx__tensor_proto__init(&tensor)
        guard let inner = tensor.base.descriptor else {
            throw CNNOptError(.internalFault, "the schema has no tensor")
        }
        var locator = PayloadLocator(bytes, minimum, tensor: inner)
        guard try locator.walk(0..<bytes.count, as: descriptor, isModel: true) else {
            throw CNNOptError(
                .invalidModel,
                "not an ONNX model: there is no graph in it",
                remedy: "export or download the model again"
            )
        }
        return locator.payloads
    }

    private init(_ bytes: UnsafeRawBufferPointer, _ minimum: Int, tensor: WireGuard.Descriptor) {
        self.bytes = bytes
        self.minimum = minimum
        self.tensor = tensor
    }

    /// Walks a message that `WireGuard` has passed, and so at most 100 deep.
    /// - Returns: whether a model has a graph.
    @discardableResult
    private mutating func walk(
        _ range: Range<Int>,
        as descriptor: WireGuard.Descriptor,
        isModel: Bool = false
    ) throws(CNNOptError) -> Bool {
        var hasGraph = false
        var fields = WireFields(bytes, range)
        while let field = fields.next() {
            guard field.type == 2, let known = protobuf_c_message_descriptor_get_field(descriptor, field.number),
                known.pointee.type == PROTOBUF_C_TYPE_MESSAGE, let inner = known.pointee.descriptor
            else { continue }
            if isModel, field.number == 7 { hasGraph = true }
            let message = inner.assumingMemoryBound(to: ProtobufCMessageDescriptor.self)
            if message == tensor {
                try take(field.content)
            } else {
                try walk(field.content, as: message)
            }
        }
        return hasGraph
    }

    /// Notes the payloads of a tensor.
    private mutating func take(_ range: Range<Int>) throws(CNNOptError) {
        var type: ElementType?
        var shape: [Int] = []
        var name: String?
        var found: [(UInt32, Range<Int>)] = []
        var gridText: Range<Int>?
        var fields = WireFields(bytes, range)
        while let field = fields.next() {
            switch (field.number, field.type) {
            case (1, 0): shape.append(Int(Int64(bitPattern: field.value)))
            case (1, 2):
                var values = WireFields(bytes, field.content)
                while let value = values.varint() { shape.append(Int(Int64(bitPattern: value))) }
            case (2, 0): type = ElementType(rawValue: Int32(truncatingIfNeeded: field.value))
            case (8, 2): name = String(decoding: bytes[field.content], as: UTF8.self)
            case (4, 2), (5, 2), (7, 2), (9, 2), (10, 2), (11, 2):
                if field.content.count >= minimum { found.append((field.number, field.content)) }
            case (16, 2):
                if let text = self.gridText(field.content) { gridText = text }
            case (14, 0) where field.value == 1:
                throw CNNOptError(
                    .unsupported,
                    "its data are in another file, which a compact file cannot restore",
                    remedy: "`cnnopt MODEL MODEL.cnz --passes none` writes a compact model that holds them"
                )
                .atValue(name ?? "")
            default: break
            }
        }
        for (number, content) in found {
            let layout: TensorPayload.Layout =
                switch number {
                case 4: .elements(.float32)
                case 9: .elements(type ?? .uint8)
                case 10: .elements(.float64)
                default: .varints
                }
            var payload = TensorPayload(range: content, layout: layout, shape: shape, name: name)
            if let gridText, found.count == 1, gridText.lowerBound >= content.upperBound { payload.gridText = gridText }
            payloads.append(payload)
        }
    }
}

extension PayloadLocator {
    /// The value of an entry of metadata whose key is that of grids.
    private func gridText(_ entry: Range<Int>) -> Range<Int>? {
        var fields = WireFields(bytes, entry)
        var (isGrid, value): (Bool, Range<Int>?) = (false, nil)
        while let field = fields.next() {
            if field.number == 1, field.type == 2 {
                isGrid = bytes[field.content].elementsEqual(EncodingMetadata.gridKey.utf8)
            }
            if field.number == 2, field.type == 2 { value = field.content }
        }
        return isGrid ? value : nil
    }
}

/// The fields of a protobuf message, one after another; it ends where the bytes are no field.
private struct WireFields {
    struct Field {
        var number: UInt32
        var type: UInt64
        /// Of a number.
        var value: UInt64 = 0
        /// Of a length-prefixed field.
        var content: Range<Int> = 0..<0
    }

    private let bytes: UnsafeRawBufferPointer
    private var position: Int
    private let end: Int

    init(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) {
        self.bytes = bytes
        position = range.lowerBound
        end = min(range.upperBound, bytes.count)
    }

    mutating func next() -> Field? {
        guard let tag = varint() else { return nil }
        var field = Field(number: UInt32(truncatingIfNeeded: tag >> 3), type: tag & 7)
        switch field.type {
        case 0:
            guard let value = varint() else { return nil }
            field.value = value
        case 1, 5:
            let width = field.type == 1 ? 8 : 4
            guard end - position >= width else { return nil }
            position += width
        case 2:
            guard let length = varint(), length <= UInt64(end - position) else { return nil }
            field.content = position..<position + Int(length)
            position += Int(length)
        default: return nil
        }
        return field
    }

    mutating func varint() -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < end, shift < 70 {
            let byte = bytes[position]
            position += 1
            if shift < 64 { value |= UInt64(byte & 0x7F) << shift }
            if byte < 0x80 { return value }
            shift += 7
        }
        return nil
    }
}
