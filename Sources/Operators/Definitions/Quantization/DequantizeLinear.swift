import GraphIR
import Tensors

/// (x − zero point) · scale.
enum DequantizeLinear: Operator {
    static let schema = OperatorSchema("DequantizeLinear", versions: [10, 13, 19, 21, 23, 24, 25, 28], inputs: 2...3)
    static var traits: OperatorTraits { [.isQuantization] }

    static func reordered(_ site: OperatorSite, by order: AxisOrder) throws(CNNOptError) -> ReorderedNode? {
        try QuantizedAxis.reordered(site, by: order)
    }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        let declared = try site.int("output_dtype", default: 0)
        let type = declared == 0 ? site.elementType(1) : ElementType(rawValue: Int32(truncatingIfNeeded: declared))
        return [TensorType(type, site.shape(0))]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let declared = try site.int("output_dtype", default: 0)
        let axis = try site.int("axis", default: 1)
        let block = try site.int("block_size", default: 0)
        return ReferenceKernel { (inputs, _) throws(CNNOptError) in
            let (x, scale, zero) = (try inputs.required(0), try inputs.required(1), inputs.optional(2))
            let layout = try QuantizedAxis(x.shape, scale: scale.shape, axis: axis, block: block)
            guard zero?.elementType ?? x.elementType == x.elementType, zero?.count ?? scale.count == scale.count else {
                throw CNNOptError(.invalidModel, "input, scale and zero point do not fit")
            }
            let job = Job(x: x, zero: zero, scales: try scale.doubles().map { Float($0) }, layout: layout)
            let result =
                switch x.elementType {
                case .uint8: try job.run(UInt8.self)
                case .int8: try job.run(Int8.self)
                case .uint16: try job.run(UInt16.self)
                case .int16: try job.run(Int16.self)
                case .int32: try job.run(Int32.self)
                case .uint4, .int4, .uint2, .int2: try job.runPacked()
                default: try job.runFloat()
                }
            let type = ElementType(rawValue: Int32(truncatingIfNeeded: declared)) ?? scale.elementType
            guard [.float32, .float16, .bfloat16].contains(type) else {
                throw CNNOptError(.unsupported, "dequantisation to \(type.onnxName)")
            }
            return [try HalfPrecision.narrowed(result, to: type)]
        }
    }

    private struct Job: Sendable {
        let x: TensorData
        let zero: TensorData?
        let scales: [Float]
        let layout: QuantizedAxis

        func run<T: TensorScalar & FixedWidthInteger>(_ type: T.Type) throws(CNNOptError) -> TensorData {
            let zeros = try zero?.array(of: T.self)
            return try x.withElements(T.self) { (source) throws(CNNOptError) in
                try TensorData.make(Float.self, shape: x.shape) { (target) throws(CNNOptError) in
                    layout.runs(source.count) { elements, index in
                        let (scale, zero) = (scales[index], Int32(truncatingIfNeeded: zeros?[index] ?? 0))
                        for i in elements {
                            target[i] = Float(Int32(truncatingIfNeeded: source[i]) &- zero) * scale
                        }
                    }
                }
            }
        }

        func runPacked() throws(CNNOptError) -> TensorData {
            let values = try PackedIntegers.unpack(x)
            let zeros = try zero.map { (zero) throws(CNNOptError) in try PackedIntegers.unpack(zero) }
            return try TensorData.make(Float.self, shape: x.shape) { (target) throws(CNNOptError) in
                layout.runs(values.count) { elements, index in
                    for i in elements { target[i] = Float(values[i] - (zeros?[index] ?? 0)) * scales[index] }
                }
            }
        }

        /// Of a float of at most 8 bits.
        func runFloat() throws(CNNOptError) -> TensorData {
            guard SmallFloat(x.elementType) != nil else {
                throw CNNOptError(.unsupported, "dequantisation of \(x.elementType.onnxName)")
            }
            let values = try x.cast(to: .float32).array(of: Float.self)
            let zeros = try zero?.cast(to: .float32).array(of: Float.self)
            return try TensorData.make(Float.self, shape: x.shape) { (target) throws(CNNOptError) in
                layout.runs(values.count) { elements, index in
                    for i in elements { target[i] = (values[i] - (zeros?[index] ?? 0)) * scales[index] }
                }
            }
        }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling { try .quantization(site) }

    static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation? {
        guard try site.int("block_size", default: 0) == 0, let scale = site.type(1).sizes, scale.count <= 1 else {
            return nil
        }
        if scale.isEmpty || scale == [1] { return .dequantization(axis: nil) }
        guard let rank = site.shape(0)?.count else { return nil }
        return .dequantization(axis: try site.normalizedAxis(site.int("axis", default: 1), rank: rank))
    }
}
