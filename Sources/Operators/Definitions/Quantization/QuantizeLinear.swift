import GraphIR
import Tensors

/// saturate(round(x / scale) + zero point), halves to even.
enum QuantizeLinear: Operator {
    static let schema = OperatorSchema("QuantizeLinear", versions: [10, 13, 19, 21, 23, 24, 25, 28], inputs: 2...3)
    static var traits: OperatorTraits { [.isQuantization] }

    static func reordered(_ site: OperatorSite, by order: AxisOrder) throws(CNNOptError) -> ReorderedNode? {
        try QuantizedAxis.reordered(site, by: order)
    }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        [TensorType(try outputType(site), site.shape(0))]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let declared = try site.int("output_dtype", default: 0)
        let axis = try site.int("axis", default: 1)
        let block = try site.int("block_size", default: 0)
        let precision = try site.int("precision", default: 0)
        let saturates = try site.int("saturate", default: 1) != 0
        return ReferenceKernel { (inputs, _) throws(CNNOptError) in
            let (scale, zero) = (try inputs.required(1), inputs.optional(2))
            let type = zero?.elementType ?? ElementType(rawValue: Int32(truncatingIfNeeded: declared)) ?? .uint8
            var x = try HalfPrecision.widened(inputs.required(0))
            if x.elementType == .int32 { x = try TensorData(x.array(of: Int32.self).map { Float($0) }, shape: x.shape) }
            let layout = try QuantizedAxis(x.shape, scale: scale.shape, axis: axis, block: block)
            if let zero, zero.count != scale.count {
                throw CNNOptError(.invalidModel, "scale and zero point have shapes \(scale.shape) and \(zero.shape)")
            }
            var job = Job(x: x, scales: try scale.doubles().map { Float($0) }, layout: layout)
            let divided =
                precision == 0 ? scale.elementType : ElementType(rawValue: Int32(truncatingIfNeeded: precision))
            if let divided, divided == .float16 || divided == .bfloat16 { job = try job.divided(in: divided) }
            return switch type {
            case .uint8: [try job.run(UInt8.self, zero)]
            case .int8: [try job.run(Int8.self, zero)]
            case .uint16: [try job.run(UInt16.self, zero)]
            case .int16: [try job.run(Int16.self, zero)]
            case .uint4, .int4, .uint2, .int2: [try job.runPacked(type, zero)]
            default: [try job.runFloat(type, zero, CastRule(saturates: saturates))]
            }
        }
    }

    private struct Job: Sendable {
        let x: TensorData
        let scales: [Float]
        let layout: QuantizedAxis

        func run<T: TensorScalar & FixedWidthInteger>(_ type: T.Type, _ zero: TensorData?) throws(CNNOptError)
            -> TensorData
        {
            let zeros = try zero?.array(of: T.self)
            return try x.withElements(Float.self) { (source) throws(CNNOptError) in
                try TensorData.make(T.self, shape: x.shape) { (target) throws(CNNOptError) in
                    layout.runs(source.count) { elements, index in
                        let rounding = Rounding(
                            scale: scales[index],
                            zero: Int32(zeros?[index] ?? 0),
                            lowest: Int32(T.min),
                            highest: Int32(T.max)
                        )
                        for i in elements { target[i] = T(truncatingIfNeeded: rounding.quantized(source[i])) }
                    }
                }
            }
        }

        func runPacked(_ type: ElementType, _ zero: TensorData?) throws(CNNOptError) -> TensorData {
            let zeros = try zero.map { (zero) throws(CNNOptError) in try PackedIntegers.unpack(zero) }
            let isSigned = type == .int4 || type == .int2
            let top = Int32(1) << Int32(type.bitWidth - (isSigned ? 1 : 0)) - 1
            var values = [Int32](repeating: 0, count: x.count)
            try x.withElements(Float.self) { (source) throws(CNNOptError) in
                layout.runs(source.count) { elements, index in
                    let rounding = Rounding(
                        scale: scales[index],
                        zero: zeros?[index] ?? 0,
                        lowest: isSigned ? -top - 1 : 0,
                        highest: top
                    )
                    for i in elements { values[i] = rounding.quantized(source[i]) }
                }
            }
            return try PackedIntegers.pack(values, as: type, shape: x.shape)
        }

        /// To a float of at most 8 bits.
        func runFloat(_ type: ElementType, _ zero: TensorData?, _ rule: CastRule) throws(CNNOptError) -> TensorData {
            guard SmallFloat(type) != nil else {
                throw CNNOptError(.unsupported, "quantisation to \(type.onnxName)")
            }
            let zeros = try zero?.cast(to: .float32).array(of: Float.self)
            return try quotients { index in zeros?[index] ?? 0 }.cast(to: type, rule)
        }

        /// The job with its input divided by the scales already, each quotient rounded to a half type.
        func divided(in type: ElementType) throws(CNNOptError) -> Job {
            let quotients = try quotients { _ in 0 }
            return Job(
                x: try HalfPrecision.widened(HalfPrecision.narrowed(quotients, to: type)),
                scales: [Float](repeating: 1, count: scales.count),
                layout: layout
            )
        }

        private func quotients(_ shift: (_ scale: Int) -> Float) throws(CNNOptError) -> TensorData {
            try x.withElements(Float.self) { (source) throws(CNNOptError) in
                try TensorData.make(Float.self, shape: x.shape) { (target) throws(CNNOptError) in
                    layout.runs(source.count) { elements, index in
                        for i in elements { target[i] = source[i] / scales[index] + shift(index) }
                    }
                }
            }
        }
    }

    /// Rounding to a grid of at most 2¹⁶ steps, without calls and without conversions that trap.
    private struct Rounding {
        let scale: Float
        let zero: Int32
        let low: Float
        let high: Float
        /// 1.5 · 2²³: adding it to a number below 2²² rounds that to an integer, halves to even, and leaves the integer in
        /// the low bits.
        static let shift: Float = 12_582_912

        init(scale: Float, zero: Int32, lowest: Int32, highest: Int32) {
            self.scale = scale
            self.zero = zero
            low = Float(lowest - zero)
            high = Float(highest - zero)
        }

        @inline(__always)
        func quantized(_ x: Float) -> Int32 {
            let value = x / scale
            // NaN compares false: it becomes the lowest number.
            let above = value > low ? value : low
            let clamped = above < high ? above : high
            let rounded = Int32(bitPattern: (clamped + Self.shift).bitPattern &- Self.shift.bitPattern)
            return rounded &+ zero
        }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling { try .quantization(site) }

    private static func outputType(_ site: OperatorSite) throws(CNNOptError) -> ElementType? {
        if site.has(2) { return site.elementType(2) }
        let declared = try site.int("output_dtype", default: 0)
        return declared == 0 ? .uint8 : ElementType(rawValue: Int32(truncatingIfNeeded: declared))
    }

    static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation? {
        guard try site.int("block_size", default: 0) == 0, let scale = site.type(1).sizes, scale.count <= 1 else {
            return nil
        }
        if scale.isEmpty || scale == [1] { return .quantization(axis: nil) }
        guard let rank = site.shape(0)?.count else { return nil }
        return .quantization(axis: try site.normalizedAxis(site.int("axis", default: 1), rank: rank))
    }
}
