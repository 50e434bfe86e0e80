import COnnxSchema
import GraphIR
import Tensors

extension MessageReader {
    /// The type that a TypeProto states; nil where it states none. Denotations are left to the declaration's original.
    func valueType(_ message: UnsafeMutablePointer<Onnx__TypeProto>) -> ValueType? {
        switch message.pointee.value_case {
        case ONNX__TYPE_PROTO__VALUE__NOT_SET: nil
        case ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE: message.pointee.tensor_type.map { .tensor(tensorType($0)) }
        default: .opaque(packed(message))
        }
    }

    private func tensorType(_ message: UnsafeMutablePointer<Onnx__TypeProto__Tensor>) -> TensorType {
        let elementType =
            message.pointee.has_elem_type != 0 ? ElementType(rawValue: message.pointee.elem_type) : nil
        let shape = message.pointee.shape.map { shape in
            elements(shape.pointee.dim, shape.pointee.n_dim).map { dimension($0.pointee) }
        }
        return TensorType(elementType, shape)
    }

    private func dimension(_ proto: Onnx__TensorShapeProto__Dimension) -> Dimension {
        switch proto.value_case {
        case ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE:
            return .known(Int(proto.dim_value))
        case ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM:
            guard let name = text(proto.dim_param), !name.isEmpty else { return .unknown }
            return .symbol(name)
        default:
            return .unknown
        }
    }
}
