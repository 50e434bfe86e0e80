import Tensors

/// The grid of an 8-bit tensor: one scale and one zero point for all of its elements.
struct QuantizedGrid: Sendable {
    let type: ElementType
    let scale: Float
    let zero: Int
    private let low: Float
    private let high: Float

    /// - Parameter zero: none counts as 0.
    /// - Throws: `unsupported` for a type of other than 8-bit integers, `invalidModel` where the three do not fit.
    init(_ type: ElementType, scale: TensorData, zero: TensorData?) throws(CNNOptError) {
        guard type == .uint8 || type == .int8 else {
            throw CNNOptError(.unsupported, "element type \(type.onnxName) where 8-bit integers are needed")
        }
        guard zero?.elementType ?? type == type else {
            throw CNNOptError(.invalidModel, "a tensor and its zero point have different element types")
        }
        let zeros = zero?.integers() ?? [0]
        guard zeros.count == 1, let zero = zeros.first else {
            throw CNNOptError(.invalidModel, "\(zeros.count) zero points where one number is needed")
        }
        self.type = type
        self.scale = try QuantizedOperand.scalar(scale)
        self.zero = zero
        (low, high) = type == .int8 ? (-128, 127) : (0, 255)
    }

    /// Steps from the zero point to each code, by the code's bits.
    var steps: [Int] {
        (0..<256).map { (type == .int8 ? Int(Int8(truncatingIfNeeded: $0)) : $0) - zero }
    }

    /// The number that each code stands for, by the code's bits.
    var numbers: [Float] { steps.map { Float($0) * scale } }

    /// The bits of the code nearest to a place on the grid, halves to even; places count from code 0.
    @inline(__always)
    func code(at place: Float) -> UInt8 {
        // NaN compares false: it becomes the lowest code.
        let above = place > low ? place : low
        let clamped = above < high ? above : high
        return UInt8(truncatingIfNeeded: Int32(clamped.rounded(.toNearestOrEven)))
    }

    /// The bits of the code so many steps from the zero point: rounded first, halves to even, then moved by the zero point.
    @inline(__always)
    func code(steps: Float) -> UInt8 { code(at: steps.rounded(.toNearestOrEven) + Float(zero)) }

    /// A tensor of the codes nearest to floats.
    func quantized(_ values: TensorData, _ code: (Float) -> UInt8) throws(CNNOptError) -> TensorData {
        try values.withElements(Float.self) { (source) throws(CNNOptError) in
            try TensorData.writing(type, shape: values.shape) { (target) throws(CNNOptError) in
                let codes = target.assumingMemoryBound(to: UInt8.self)
                for i in source.indices { codes[i] = code(source[i]) }
            }
        }
    }

    /// The same numbers in the codes of another grid.
    func requantized(_ tensor: TensorData, to other: QuantizedGrid) throws(CNNOptError) -> TensorData {
        if scale == other.scale, zero == other.zero, type == other.type { return tensor }
        return try tensor.lookedUp(numbers.map { other.code(steps: $0 / other.scale) }, other.type)
    }
}

extension TensorData {
    /// The entries of a table of 256 at an 8-bit tensor's codes.
    func lookedUp(_ table: [UInt8], _ type: ElementType) throws(CNNOptError) -> TensorData {
        try withBytes { (source) throws(CNNOptError) in
            try TensorData.writing(type, shape: shape) { (target) throws(CNNOptError) in
                let codes = target.assumingMemoryBound(to: UInt8.self)
                for i in 0..<count { codes[i] = table[Int(source[i])] }
            }
        }
    }

    func lookedUp(_ table: [Float]) throws(CNNOptError) -> TensorData {
        try withBytes { (source) throws(CNNOptError) in
            try TensorData.make(Float.self, shape: shape) { (target) throws(CNNOptError) in
                for i in target.indices { target[i] = table[Int(source[i])] }
            }
        }
    }
}

extension [TensorData?] {
    /// The grid of the tensor at a port, whose scale and zero point are at two others.
    func grid(_ port: Int, scale: Int, zero: Int) throws(CNNOptError) -> QuantizedGrid {
        try grid(required(port).elementType, scale: scale, zero: zero)
    }

    func grid(_ type: ElementType, scale: Int, zero: Int) throws(CNNOptError) -> QuantizedGrid {
        try QuantizedGrid(type, scale: required(scale), zero: optional(zero))
    }
}

extension OperatorSite {
    /// The site with some of its inputs alone, as the operator on plain numbers has them.
    /// - Parameter opset: the default domain's operator set whose form the node's attributes have.
    func plain(_ inputs: [Input?], opset: Int) -> OperatorSite {
        OperatorSite(node: node, name: name, opset: opset, inputs: inputs, outputTypes: outputTypes)
    }
}
