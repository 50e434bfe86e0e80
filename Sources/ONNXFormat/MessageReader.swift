import COnnxSchema
import GraphIR
import Tensors

/// Turns unpacked protobuf-c messages into the types of GraphIR. What those do not model goes into the `residue` of the
/// nearest owner; the bytes of tensors are taken over.
struct MessageReader {
    let external: ExternalDataReader
    /// Tensors whose bytes come later.
    let deferred: DeferredPayloads?
    private let arena = MessageArena()

    init(external: ExternalDataReader, deferred: DeferredPayloads? = nil) {
        (self.external, self.deferred) = (external, deferred)
    }

    func model(_ message: UnsafeMutablePointer<Onnx__ModelProto>) throws(CNNOptError) -> Model {
        let proto = message.pointee
        guard let graphMessage = proto.graph else {
            throw CNNOptError(
                .invalidModel,
                "not an ONNX model: there is no graph in it",
                remedy: "export or download the model again"
            )
        }
        var model = Model(graph: try graph(graphMessage))
        model.irVersion = proto.has_ir_version != 0 ? Int(proto.ir_version) : nil
        model.opsetImports = opsetImports(proto.opset_import, proto.n_opset_import)
        model.producerName = text(proto.producer_name)
        model.producerVersion = text(proto.producer_version)
        model.domain = text(proto.domain)
        model.modelVersion = proto.has_model_version != 0 ? Int(proto.model_version) : nil
        model.docString = text(proto.doc_string)
        model.metadata = metadata(proto.metadata_props, proto.n_metadata_props)
        for function in elements(proto.functions, proto.n_functions) {
            model.functions.append(try self.function(function))
        }
        guard !model.opsetImports.isEmpty || (model.irVersion ?? 3) < 3 else {
            throw CNNOptError(
                .invalidModel,
                "not a whole ONNX model: it imports no operator set",
                remedy: "the file is cut short or damaged; export it again"
            )
        }
        try model.graph.verify()
        model.residue = residue(message) {
            $0.has_ir_version = 0
            $0.n_opset_import = 0
            $0.producer_name = nil
            $0.producer_version = nil
            $0.domain = nil
            $0.has_model_version = 0
            $0.doc_string = nil
            $0.graph = nil
            $0.n_metadata_props = 0
            $0.n_functions = 0
        }
        return model
    }

    private func function(_ message: UnsafeMutablePointer<Onnx__FunctionProto>) throws(CNNOptError) -> Function {
        let proto = message.pointee
        do {
            var body = Graph(name: text(proto.name))
            for name in strings(proto.input, proto.n_input) { try body.addInput(name, type: nil) }
            try declare(proto.value_info, proto.n_value_info, in: &body)
            for name in strings(proto.output, proto.n_output) { try body.addOutput(name, type: nil) }
            try addNodes(proto.node, proto.n_node, to: &body)
            try body.verify()
            body.docString = text(proto.doc_string)
            body.metadata = metadata(proto.metadata_props, proto.n_metadata_props)
            var function = Function(body: body)
            function.name = text(proto.name)
            function.domain = text(proto.domain)
            function.overload = text(proto.overload)
            function.opsetImports = opsetImports(proto.opset_import, proto.n_opset_import)
            function.attributeNames = strings(proto.attribute, proto.n_attribute)
            for attribute in elements(proto.attribute_proto, proto.n_attribute_proto) {
                function.attributeDefaults.append(try self.attribute(attribute))
            }
            function.residue = residue(message) {
                $0.name = nil
                $0.n_input = 0
                $0.n_output = 0
                $0.n_attribute = 0
                $0.n_node = 0
                $0.doc_string = nil
                $0.n_opset_import = 0
                $0.domain = nil
                $0.n_attribute_proto = 0
                $0.n_value_info = 0
                $0.overload = nil
                $0.n_metadata_props = 0
            }
            return function
        } catch {
            throw error.atNode(text(proto.name) ?? "", operatorName: "function")
        }
    }

    private func opsetImports(
        _ list: UnsafeMutablePointer<UnsafeMutablePointer<Onnx__OperatorSetIdProto>?>?,
        _ count: Int
    ) -> [Model.OpsetImport] {
        elements(list, count).map { message in
            let proto = message.pointee
            var result = Model.OpsetImport(
                domain: text(proto.domain),
                version: proto.has_version != 0 ? Int(proto.version) : nil
            )
            result.residue = residue(message) {
                $0.domain = nil
                $0.has_version = 0
            }
            return result
        }
    }

    func metadata(
        _ list: UnsafeMutablePointer<UnsafeMutablePointer<Onnx__StringStringEntryProto>?>?,
        _ count: Int
    ) -> [MetadataEntry] {
        elements(list, count).map { message in
            var entry = MetadataEntry(key: text(message.pointee.key), value: text(message.pointee.value))
            entry.residue = residue(message) {
                $0.key = nil
                $0.value = nil
            }
            return entry
        }
    }

    /// Serialises what a type says when it is written anew, to see whether that is all that the file says.
    func canonicalBytes(_ type: ValueType) throws(CNNOptError) -> [UInt8] {
        packed(try MessageWriter(arena: arena, external: nil).type(type))
    }
}

/// The messages of a repeated field.
func elements<M>(_ list: UnsafeMutablePointer<UnsafeMutablePointer<M>?>?, _ count: Int) -> [UnsafeMutablePointer<M>] {
    UnsafeBufferPointer(start: list, count: list == nil ? 0 : count).compactMap { $0 }
}

/// The text of a string field; nil where the field is absent.
func text(_ field: UnsafeMutablePointer<CChar>?) -> String? { field.map { String(cString: $0) } }

/// The texts of a repeated string field.
func strings(_ list: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ count: Int) -> [String] {
    elements(list, count).map { String(cString: $0) }
}

/// A copy of a bytes field.
func bytes(_ field: ProtobufCBinaryData) -> [UInt8] {
    Array(UnsafeBufferPointer(start: field.data, count: field.data == nil ? 0 : field.len))
}
