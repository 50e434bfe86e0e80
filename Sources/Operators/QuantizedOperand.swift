import GraphIR
import Tensors

/// Run-time tensors of 8-bit integers, and what brings sums of their products back to 8 bits.
enum QuantizedOperand {
    /// The tensor less its zero point as 32-bit integers; none counts as 0.
    /// - Parameter zeroShape: the shape in which the zero point broadcasts to the tensor.
    /// - Throws: `invalidModel` where the two do not fit.
    static func centred(
        _ tensor: TensorData,
        _ zero: TensorData?,
        zeroShape: [Int]? = nil,
        threads: Int
    ) throws(CNNOptError) -> TensorData {
        guard [.int8, .uint8].contains(tensor.elementType) else {
            throw CNNOptError(
                .unsupported,
                "element type \(tensor.elementType.onnxName) where 8-bit integers are needed"
            )
        }
        let wide = try tensor.cast(to: .int32)
        guard let zero else { return wide }
        guard zero.elementType == tensor.elementType else {
            throw CNNOptError(.invalidModel, "a tensor and its zero point have different element types")
        }
        let aligned = try zero.cast(to: .int32).reshaped(zero.count == 1 ? [] : zeroShape ?? zero.shape)
        let subtract = BinaryFunction(integer: { (a, b) throws(CNNOptError) in a &- b })
        let result = try subtract.apply(wide, aligned, threads: threads)
        guard result.shape == tensor.shape else {
            throw CNNOptError(.invalidModel, "a zero point of shape \(zero.shape) does not fit \(tensor.shape)")
        }
        return result
    }

    /// The one number of a scale that holds for a whole tensor.
    static func scalar(_ scale: TensorData) throws(CNNOptError) -> Float {
        guard scale.count == 1, scale.elementType.isFloat, let value = try scale.doubles().first else {
            throw CNNOptError(.invalidModel, "a scale of shape \(scale.shape) where one number is needed")
        }
        return Float(value)
    }
}

/// saturate(round(sum · scale) + zero point), halves to even.
struct Requantization: Sendable {
    /// One scale for all, or one for each index of an axis.
    let scales: [Float]
    let zero: TensorData

    /// The result in the zero point's type.
    /// - Parameters:
    ///   - inner: elements between two indices of the axis that the scales run along.
    ///   - sums: of type int32.
    func run(_ sums: TensorData, inner: Int) throws(CNNOptError) -> TensorData {
        switch zero.elementType {
        case .uint8: try run(UInt8.self, sums, inner)
        case .int8: try run(Int8.self, sums, inner)
        default: throw CNNOptError(.unsupported, "a result of element type \(zero.elementType.onnxName)")
        }
    }

    private func run<T: TensorScalar & FixedWidthInteger>(
        _ type: T.Type,
        _ sums: TensorData,
        _ inner: Int
    ) throws(CNNOptError) -> TensorData {
        guard zero.count == 1, let zero = try zero.array(of: T.self).first, !scales.isEmpty else {
            throw CNNOptError(.invalidModel, "the result's zero point is not one number")
        }
        let (low, high) = (Float(Int32(T.min) - Int32(zero)), Float(Int32(T.max) - Int32(zero)))
        return try sums.withElements(Int32.self) { (source) throws(CNNOptError) in
            try TensorData.make(T.self, shape: sums.shape) { (target) throws(CNNOptError) in
                for i in source.indices {
                    let scale = scales.count == 1 ? scales[0] : scales[i / max(inner, 1) % scales.count]
                    let value = Float(source[i]) * scale
                    // NaN compares false: it becomes the lowest number.
                    let clamped = min(value > low ? value : low, high)
                    target[i] = T(truncatingIfNeeded: Int32(clamped.rounded(.toNearestOrEven)) &+ Int32(zero))
                }
            }
        }
    }
}
