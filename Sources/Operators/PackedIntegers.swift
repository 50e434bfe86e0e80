import Tensors

/// Integers of 4 and 2 bits, packed with the first element in the low bits.
enum PackedIntegers {
    /// The elements, sign-extended where the type is signed.
    /// - Throws: `unsupported` for types of other widths.
    static func unpack(_ tensor: TensorData) throws(CNNOptError) -> [Int32] {
        let type = tensor.elementType
        guard type.isInteger, type.bitWidth < 8 else {
            throw CNNOptError(.unsupported, "element type \(type.onnxName)")
        }
        let (width, isSigned) = (type.bitWidth, type == .int4 || type == .int2)
        let (count, perByte) = (tensor.count, 8 / type.bitWidth)
        return try tensor.withBytes { (bytes) throws(CNNOptError) in
            (0..<count).map { index in
                let raw = Int32(bytes[index / perByte] >> UInt8(index % perByte * width)) & (1 << Int32(width) - 1)
                return isSigned && raw >= 1 << Int32(width - 1) ? raw - 1 << Int32(width) : raw
            }
        }
    }

    /// A tensor of integers that fit the type.
    static func pack(_ values: [Int32], as type: ElementType, shape: [Int]) throws(CNNOptError) -> TensorData {
        guard type.isInteger, type.bitWidth < 8 else {
            throw CNNOptError(.unsupported, "element type \(type.onnxName)")
        }
        var tensor = try TensorData(zeros: type, shape: shape)
        let (width, perByte) = (type.bitWidth, 8 / type.bitWidth)
        guard tensor.count == values.count else {
            throw CNNOptError(.internalFault, "\(values.count) elements for \(shape)")
        }
        try tensor.withMutableBytes { (bytes) throws(CNNOptError) in
            for (index, value) in values.enumerated() {
                let bits = UInt8(truncatingIfNeeded: value) & UInt8(1 << width - 1)
                bytes[index / perByte] |= bits << UInt8(index % perByte * width)
            }
        }
        return tensor
    }
}
