import COnnxSchema
import GraphIR
import Tensors

extension MessageWriter {
    func nodes(
        of graph: Graph
    ) throws(CNNOptError) -> (Int, UnsafeMutablePointer<UnsafeMutablePointer<Onnx__NodeProto>?>?) {
        try list(graph.nodeIDs) { (id) throws(CNNOptError) in
            let node = graph[id]
            let message = arena.message(onnx__node_proto__init)
            message.pointee.op_type = arena.string(node.operatorType)
            message.pointee.name = arena.string(node.name)
            message.pointee.domain = arena.string(node.domain)
            message.pointee.overload = arena.string(node.overload)
            message.pointee.doc_string = arena.string(node.docString)
            (message.pointee.n_input, message.pointee.input) = names(
                node.inputs.map { $0.map { graph[$0].name } ?? "" }
            )
            (message.pointee.n_output, message.pointee.output) =
                names(node.outputs.map { $0.map { graph[$0].name } ?? "" })
            (message.pointee.n_attribute, message.pointee.attribute) =
                try list(node.attributes) { (attribute) throws(CNNOptError) in try self.attribute(attribute) }
            (message.pointee.n_metadata_props, message.pointee.metadata_props) = try metadata(node.metadata)
            try arena.attach(node.residue, to: &message.pointee.base)
            return message
        }
    }

    func attribute(_ attribute: Attribute) throws(CNNOptError) -> UnsafeMutablePointer<Onnx__AttributeProto> {
        let message = arena.message(onnx__attribute_proto__init)
        message.pointee.name = arena.string(attribute.name)
        message.pointee.doc_string = arena.string(attribute.docString)
        message.pointee.ref_attr_name = arena.string(attribute.reference)
        let kind: AttributeKind?
        switch attribute.value {
        case .float(let value):
            kind = .float
            message.pointee.has_f = attribute.writesValue ? 1 : 0
            message.pointee.f = value
        case .int(let value):
            kind = .int
            message.pointee.has_i = attribute.writesValue ? 1 : 0
            message.pointee.i = value
        case .string(let value):
            kind = .string
            message.pointee.has_s = attribute.writesValue ? 1 : 0
            message.pointee.s = arena.bytes(value)
        case .tensor(let constant):
            kind = .tensor
            message.pointee.t = try tensor(constant)
        case .graph(let value):
            kind = .graph
            message.pointee.g = try graph(value)
        case .floats(let values):
            kind = .floats
            message.pointee.n_floats = values.count
            message.pointee.floats = arena.values(values)
        case .ints(let values):
            kind = .ints
            message.pointee.n_ints = values.count
            message.pointee.ints = arena.values(values)
        case .strings(let values):
            kind = .strings
            message.pointee.n_strings = values.count
            message.pointee.strings = arena.values(values.map(arena.bytes))
        case .tensors(let constants):
            kind = .tensors
            (message.pointee.n_tensors, message.pointee.tensors) =
                try list(constants) { (constant) throws(CNNOptError) in try tensor(constant) }
        case .graphs(let graphs):
            kind = .graphs
            (message.pointee.n_graphs, message.pointee.graphs) =
                try list(graphs) { (value) throws(CNNOptError) in try graph(value) }
        case .opaque:
            kind = nil
        }
        if let kind, attribute.writesType {
            message.pointee.has_type = 1
            message.pointee.type = Onnx__AttributeProto__AttributeType(rawValue: kind.rawValue)
        }
        try arena.attach(attribute.residue, to: &message.pointee.base)
        return message
    }

    func tensor(_ constant: Constant) throws(CNNOptError) -> UnsafeMutablePointer<Onnx__TensorProto> {
        let message = arena.message(onnx__tensor_proto__init)
        let data = constant.data
        message.pointee.name = arena.string(constant.name)
        message.pointee.doc_string = arena.string(constant.docString)
        message.pointee.n_dims = data.shape.count
        message.pointee.dims = arena.values(data.shape.map(Int64.init))
        message.pointee.has_data_type = 1
        message.pointee.data_type = data.elementType.rawValue
        (message.pointee.n_metadata_props, message.pointee.metadata_props) = try metadata(
            EncodingMetadata.entries(constant)
        )
        if let entries = try external?.place(constant) {
            message.pointee.has_data_location = 1
            message.pointee.data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL
            (message.pointee.n_external_data, message.pointee.external_data) = try metadata(entries)
        } else if constant.wireForm == .typed || data.elementType == .string {
            try TypedField(data.elementType).fill(message, from: data, arena)
        } else {
            message.pointee.has_raw_data = 1
            message.pointee.raw_data = ProtobufCBinaryData(
                len: data.byteCount,
                data: data.storage?.base.assumingMemoryBound(to: UInt8.self)
            )
        }
        try arena.attach(constant.residue, to: &message.pointee.base)
        return message
    }
}
