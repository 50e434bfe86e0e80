import GraphIR
import Tensors

/// The input quantised to unsigned 8 bits over its own range, which always includes zero, with the scale and zero point.
enum DynamicQuantizeLinear: Operator {
    static let schema = OperatorSchema("DynamicQuantizeLinear", versions: [11], inputs: 1...1, outputs: 1...3)
    static var traits: OperatorTraits { [.isQuantization] }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        [TensorType(.uint8, site.shape(0)), TensorType(.float32, []), TensorType(.uint8, [])]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        ReferenceKernel { (inputs, _) throws(CNNOptError) in
            let x = try inputs.required(0)
            return try x.withElements(Float.self) { (source) throws(CNNOptError) in
                var (low, high): (Float, Float) = (0, 0)
                for value in source { (low, high) = (value < low ? value : low, value > high ? value : high) }
                // A range of nothing counts as 1.
                let scale: Float = (low == high ? 1 : high - low) / 255
                let zero = clamped((-low / scale).rounded(.toNearestOrEven))
                let y = try TensorData.make(UInt8.self, shape: x.shape) { (target) throws(CNNOptError) in
                    for i in source.indices {
                        target[i] = UInt8(clamped((source[i] / scale).rounded(.toNearestOrEven) + zero))
                    }
                }
                return [y, try TensorData([scale], shape: []), try TensorData([UInt8(zero)], shape: [])]
            }
        }
    }

    /// Within 0 … 255; 0 for NaN.
    private static func clamped(_ value: Float) -> Float { value > 0 ? min(value, 255) : 0 }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling { .identity(site) }
}
