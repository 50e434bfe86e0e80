import COnnxSchema
import GraphIR
import Tensors

extension MessageWriter {
    func graph(_ graph: Graph) throws(CNNOptError) -> UnsafeMutablePointer<Onnx__GraphProto> {
        let message = arena.message(onnx__graph_proto__init)
        message.pointee.name = arena.string(graph.name)
        message.pointee.doc_string = arena.string(graph.docString)
        (message.pointee.n_input, message.pointee.input) = try valueInfos(graph.inputs, .input, in: graph)
        (message.pointee.n_output, message.pointee.output) = try valueInfos(graph.outputs, .output, in: graph)
        (message.pointee.n_value_info, message.pointee.value_info) =
            try valueInfos(graph.declarations, .inner, in: graph)
        (message.pointee.n_initializer, message.pointee.initializer) =
            try list(graph.initializers.lazy.compactMap { graph[$0].constant }) {
                (constant) throws(CNNOptError) in try tensor(constant)
            }
        (message.pointee.n_node, message.pointee.node) = try nodes(of: graph)
        (message.pointee.n_metadata_props, message.pointee.metadata_props) = try metadata(graph.metadata)
        try arena.attach(graph.residue, to: &message.pointee.base)
        return message
    }

    func valueInfos(
        _ values: [ValueID],
        _ role: Value.Declaration.Role,
        in graph: Graph
    ) throws(CNNOptError) -> (Int, UnsafeMutablePointer<UnsafeMutablePointer<Onnx__ValueInfoProto>?>?) {
        try list(values) { (id) throws(CNNOptError) in
            let value = graph[id]
            let declaration = value.declaration(role)
            let message = arena.message(onnx__value_info_proto__init)
            message.pointee.name = arena.string(value.name)
            if let original = declaration?.original, original.type == value.type {
                if let bytes = original.bytes { message.pointee.type = try type(.opaque(bytes)) }
            } else if let known = value.type {
                message.pointee.type = try type(known)
            }
            guard let declaration else { return message }
            message.pointee.doc_string = arena.string(declaration.docString)
            (message.pointee.n_metadata_props, message.pointee.metadata_props) = try metadata(declaration.metadata)
            try arena.attach(declaration.residue, to: &message.pointee.base)
            return message
        }
    }

    func type(_ type: ValueType) throws(CNNOptError) -> UnsafeMutablePointer<Onnx__TypeProto> {
        let message = arena.message(onnx__type_proto__init)
        switch type {
        case .opaque(let bytes):
            try arena.attach(bytes, to: &message.pointee.base)
        case .tensor(let tensor):
            let inner = arena.message(onnx__type_proto__tensor__init)
            if let elementType = tensor.elementType {
                inner.pointee.has_elem_type = 1
                inner.pointee.elem_type = elementType.rawValue
            }
            if let shape = tensor.shape {
                let dimensions = arena.message(onnx__tensor_shape_proto__init)
                (dimensions.pointee.n_dim, dimensions.pointee.dim) =
                    try list(shape) { (dimension) throws(CNNOptError) in self.dimension(dimension) }
                inner.pointee.shape = dimensions
            }
            message.pointee.value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE
            message.pointee.tensor_type = inner
        }
        return message
    }

    private func dimension(_ dimension: Dimension) -> UnsafeMutablePointer<Onnx__TensorShapeProto__Dimension> {
        let message = arena.message(onnx__tensor_shape_proto__dimension__init)
        switch dimension {
        case .known(let size):
            message.pointee.value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE
            message.pointee.dim_value = Int64(size)
        case .symbol(let name):
            message.pointee.value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM
            message.pointee.dim_param = arena.string(name)
        case .unknown:
            break
        }
        return message
    }
}
