extension TensorData {
    /// The raw bits of the elements of a type below 8 bits, one element in each byte.
    package func unpackedUnits() throws(CNNOptError) -> TensorData {
        let bits = elementType.bitWidth
        guard bits > 0, bits < 8 else { throw CNNOptError(.internalFault, "\(elementType.onnxName) is not packed") }
        let mask = UInt16(1) << UInt16(bits) - 1
        return try withBytes { (bytes) throws(CNNOptError) in
            try TensorData.make(UInt8.self, shape: shape) { (target) throws(CNNOptError) in
                for i in target.indices {
                    let (byte, shift) = (i * bits / 8, i * bits % 8)
                    var word = UInt16(bytes[byte])
                    // An element of 6 bits may reach into the next byte.
                    if shift + bits > 8 { word |= UInt16(bytes[byte + 1]) << 8 }
                    target[i] = UInt8(truncatingIfNeeded: word >> UInt16(shift) & mask)
                }
            }
        }
    }

    /// The low bits of bytes packed into a type below 8 bits, the first element in the lowest bits.
    package static func packing(_ units: TensorData, as type: ElementType) throws(CNNOptError) -> TensorData {
        let bits = type.bitWidth
        guard bits > 0, bits < 8 else { throw CNNOptError(.internalFault, "\(type.onnxName) is not packed") }
        let mask = UInt16(1) << UInt16(bits) - 1
        var result = try TensorData(zeros: type, shape: units.shape)
        try units.withBytes { (source) throws(CNNOptError) in
            try result.withMutableBytes { (bytes) throws(CNNOptError) in
                for i in source.indices {
                    let (byte, shift) = (i * bits / 8, i * bits % 8)
                    let word = (UInt16(source[i]) & mask) << UInt16(shift)
                    bytes[byte] |= UInt8(truncatingIfNeeded: word)
                    if shift + bits > 8 { bytes[byte + 1] |= UInt8(truncatingIfNeeded: word >> 8) }
                }
            }
        }
        return result
    }
}
