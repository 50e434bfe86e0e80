import Tensors

/// Half-precision tensors computed in single precision: widened before a kernel, rounded once after it.
package enum HalfPrecision {
    /// Runs `body` on the inputs, those of the first input's half type widened to float, and rounds its float outputs back to
    /// that type. Other element types go through untouched.
    package static func widening(
        _ inputs: [TensorData?],
        _ body: ([TensorData?]) throws(CNNOptError) -> [TensorData]
    ) throws(CNNOptError) -> [TensorData] {
        guard let type = inputs.optional(0)?.elementType, type == .float16 || type == .bfloat16 else {
            return try body(inputs)
        }
        var wide: [TensorData?] = []
        for input in inputs {
            if let input, input.elementType == type { wide.append(try widened(input)) } else { wide.append(input) }
        }
        var results: [TensorData] = []
        for result in try body(wide) { results.append(try narrowed(result, to: type)) }
        return results
    }

    /// The tensor as floats where it is of a half type.
    package static func widened(_ tensor: TensorData) throws(CNNOptError) -> TensorData {
        switch tensor.elementType {
        case .float16: try TensorData(tensor.array(of: Float16.self).map { Float($0) }, shape: tensor.shape)
        case .bfloat16: try TensorData(tensor.array(of: BFloat16.self).map(\.float), shape: tensor.shape)
        default: tensor
        }
    }

    /// A float tensor in the given half type; any other tensor or type as it is.
    package static func narrowed(_ tensor: TensorData, to type: ElementType) throws(CNNOptError) -> TensorData {
        guard tensor.elementType == .float32 else { return tensor }
        return switch type {
        case .float16: try TensorData(tensor.array(of: Float.self).map { Float16($0) }, shape: tensor.shape)
        case .bfloat16: try TensorData(tensor.array(of: Float.self).map { BFloat16($0) }, shape: tensor.shape)
        default: tensor
        }
    }
}
