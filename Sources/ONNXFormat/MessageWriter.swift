import COnnxSchema
import GraphIR
import Tensors

/// Builds the protobuf-c messages of a model in an arena. The bytes of tensors are pointed to, not copied: the model has to
/// outlive the messages.
struct MessageWriter {
    let arena: MessageArena
    /// Where tensors go that came as external data; nil to put them into the model.
    let external: ExternalDataWriter?

    func model(_ model: Model) throws(CNNOptError) -> UnsafeMutablePointer<Onnx__ModelProto> {
        let message = arena.message(onnx__model_proto__init)
        if let version = model.irVersion {
            message.pointee.has_ir_version = 1
            message.pointee.ir_version = Int64(version)
        }
        if let version = model.modelVersion {
            message.pointee.has_model_version = 1
            message.pointee.model_version = Int64(version)
        }
        message.pointee.producer_name = arena.string(model.producerName)
        message.pointee.producer_version = arena.string(model.producerVersion)
        message.pointee.domain = arena.string(model.domain)
        message.pointee.doc_string = arena.string(model.docString)
        message.pointee.graph = try graph(model.graph)
        (message.pointee.n_opset_import, message.pointee.opset_import) = try opsetImports(model.opsetImports)
        (message.pointee.n_metadata_props, message.pointee.metadata_props) = try metadata(model.metadata)
        (message.pointee.n_functions, message.pointee.functions) = try list(model.functions) {
            (function) throws(CNNOptError) in try self.function(function)
        }
        try arena.attach(model.residue, to: &message.pointee.base)
        return message
    }

    private func function(_ function: Function) throws(CNNOptError) -> UnsafeMutablePointer<Onnx__FunctionProto> {
        let message = arena.message(onnx__function_proto__init)
        let body = function.body
        message.pointee.name = arena.string(function.name)
        message.pointee.domain = arena.string(function.domain)
        message.pointee.overload = arena.string(function.overload)
        message.pointee.doc_string = arena.string(body.docString)
        (message.pointee.n_input, message.pointee.input) = names(body.inputs.map { body[$0].name })
        (message.pointee.n_output, message.pointee.output) = names(body.outputs.map { body[$0].name })
        (message.pointee.n_attribute, message.pointee.attribute) = names(function.attributeNames)
        (message.pointee.n_attribute_proto, message.pointee.attribute_proto) = try list(function.attributeDefaults) {
            (attribute) throws(CNNOptError) in try self.attribute(attribute)
        }
        (message.pointee.n_node, message.pointee.node) = try nodes(of: body)
        (message.pointee.n_opset_import, message.pointee.opset_import) = try opsetImports(function.opsetImports)
        (message.pointee.n_value_info, message.pointee.value_info) = try valueInfos(body.declarations, .inner, in: body)
        (message.pointee.n_metadata_props, message.pointee.metadata_props) = try metadata(body.metadata)
        try arena.attach(function.residue, to: &message.pointee.base)
        return message
    }

    private func opsetImports(
        _ imports: [Model.OpsetImport]
    ) throws(CNNOptError) -> (Int, UnsafeMutablePointer<UnsafeMutablePointer<Onnx__OperatorSetIdProto>?>?) {
        try list(imports) { (entry) throws(CNNOptError) in
            let message = arena.message(onnx__operator_set_id_proto__init)
            message.pointee.domain = arena.string(entry.domain)
            if let version = entry.version {
                message.pointee.has_version = 1
                message.pointee.version = Int64(version)
            }
            try arena.attach(entry.residue, to: &message.pointee.base)
            return message
        }
    }

    func metadata(
        _ entries: [MetadataEntry]
    ) throws(CNNOptError) -> (Int, UnsafeMutablePointer<UnsafeMutablePointer<Onnx__StringStringEntryProto>?>?) {
        try list(entries) { (entry) throws(CNNOptError) in
            let message = arena.message(onnx__string_string_entry_proto__init)
            message.pointee.key = arena.string(entry.key)
            message.pointee.value = arena.string(entry.value)
            try arena.attach(entry.residue, to: &message.pointee.base)
            return message
        }
    }

    /// A repeated message field: its count and its array.
    func list<Element, M>(
        _ items: some Sequence<Element>,
        _ build: (Element) throws(CNNOptError) -> UnsafeMutablePointer<M>
    ) throws(CNNOptError) -> (Int, UnsafeMutablePointer<UnsafeMutablePointer<M>?>?) {
        var messages: [UnsafeMutablePointer<M>?] = []
        for item in items { messages.append(try build(item)) }
        return (messages.count, messages.isEmpty ? nil : arena.values(messages))
    }

    /// A repeated string field.
    func names(_ names: [String]) -> (Int, UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) {
        (names.count, names.isEmpty ? nil : arena.values(names.map { arena.string($0) }))
    }
}
