import COnnxSchema
import GraphIR
import Tensors

extension MessageReader {
    /// Whether the tensor's element type is one that is known here.
    func hasKnownType(_ message: UnsafeMutablePointer<Onnx__TensorProto>) -> Bool {
        message.pointee.has_data_type == 0 || message.pointee.data_type == 0
            || ElementType(rawValue: message.pointee.data_type) != nil
    }

    /// The tensor, whose bytes are taken off the message; nil, with the message untouched, where its element type is not
    /// known here.
    func constant(_ message: UnsafeMutablePointer<Onnx__TensorProto>) throws(CNNOptError) -> Constant? {
        let name = text(message.pointee.name)
        do throws(CNNOptError) {
            guard hasKnownType(message) else { return nil }
            guard let type = ElementType(rawValue: message.pointee.data_type) else {
                throw CNNOptError(
                    .invalidModel,
                    "the tensor has no element type",
                    remedy: "the file is cut short or damaged; export it again"
                )
            }
            let dims = UnsafeBufferPointer(start: message.pointee.dims, count: message.pointee.n_dims)
            let (data, form) = try takeElements(of: type, shape: dims.map(Int.init), message)
            var constant = Constant(name: name, data)
            constant.wireForm = form
            constant.docString = text(message.pointee.doc_string)
            constant.metadata = metadata(message.pointee.metadata_props, message.pointee.n_metadata_props)
            let claim = EncodingMetadata.takeClaim(&constant.metadata, elements: data.count)
            let isDeferred = deferred?.note(data, claim) ?? false
            if let claim, !isDeferred { constant.encoding = EncodingMetadata.encoding(of: data, claim) }
            constant.residue = residue(message) {
                $0.n_dims = 0
                $0.has_data_type = 0
                $0.name = nil
                $0.doc_string = nil
                $0.n_metadata_props = 0
                if type == .string { $0.n_string_data = 0 }
                if case .external = form { $0.n_external_data = 0 }
            }
            return constant
        } catch {
            guard let name else { throw error }
            throw error.atValue(name)
        }
    }

    /// Takes the elements from wherever they are. The fields of bytes and numbers that were read are cleared; lists of
    /// messages and strings stay, so that they are freed, and ``constant(_:)`` leaves them out of the residue.
    private func takeElements(
        of type: ElementType,
        shape: [Int],
        _ message: UnsafeMutablePointer<Onnx__TensorProto>
    ) throws(CNNOptError) -> (TensorData, Constant.WireForm) {
        if message.pointee.has_data_location != 0,
            message.pointee.data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL
        {
            return try mapElements(of: type, shape: shape, message)
        }
        let (count, _) = try TensorData.byteCount(type, shape)
        let field = TypedField(type)
        let hasRaw = message.pointee.has_raw_data != 0
        if hasRaw, message.pointee.raw_data.len > 0 || field.count(in: message.pointee) == 0, type != .string {
            let storage = try ProtobufHeap.take(&message.pointee.raw_data.data, count: message.pointee.raw_data.len)
            message.pointee.has_raw_data = 0
            return (try TensorData(elementType: type, shape: shape, storage: storage), .raw)
        }
        let expected = field.values(count, of: type)
        let found = field.count(in: message.pointee)
        guard found == expected else {
            let segment =
                message.pointee.segment == nil ? "" : "; it is one segment of several, which is not supported"
            throw CNNOptError(
                segment.isEmpty ? .invalidModel : .unsupported,
                "dimensions \(shape) of \(type.onnxName) need \(expected) values, but \(found) are in \(field)\(segment)"
            )
        }
        return try field.take(type, shape: shape, from: message)
    }

    private func mapElements(
        of type: ElementType,
        shape: [Int],
        _ message: UnsafeMutablePointer<Onnx__TensorProto>
    ) throws(CNNOptError) -> (TensorData, Constant.WireForm) {
        guard type != .string else {
            throw CNNOptError(.invalidModel, "strings cannot be stored as external data")
        }
        let entries = metadata(message.pointee.external_data, message.pointee.n_external_data)
        let (_, byteCount) = try TensorData.byteCount(type, shape)
        func number(_ key: String) throws(CNNOptError) -> Int? {
            guard let text = entries.last(where: { $0.key == key })?.value else { return nil }
            guard let number = Int(text), number >= 0 else {
                throw CNNOptError(.invalidModel, "the \(key) '\(text)' of its external data is no size")
            }
            return number
        }
        guard let location = entries.last(where: { $0.key == "location" })?.value, !location.isEmpty else {
            throw CNNOptError(.invalidModel, "its external data names no file")
        }
        let (offset, length) = (try number("offset"), try number("length"))
        let storage = try external.storage(
            location: location,
            offset: offset ?? 0,
            length: length ?? byteCount
        )
        message.pointee.has_data_location = 0
        let data = try TensorData(elementType: type, shape: shape, storage: storage)
        return (data, .external(location: location, offset: offset, length: length))
    }
}
