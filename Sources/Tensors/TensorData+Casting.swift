extension TensorData {
    /// The same numbers in another element type.
    ///
    /// Floats are cut towards zero to integers; what lies outside the integer's range becomes its nearest end and NaN becomes
    /// 0. Wider integers lose their upper bits, and so do floats on the way to 4 bits. Everything but zero is true.
    /// - Throws: `unsupported` for types other than integers, bool, and floats of 16 to 64 bits.
    package func cast(to target: ElementType) throws(CNNOptError) -> TensorData {
        if target == elementType { return self }
        switch elementType {
        case .float32: return try real(Float.self, target) { Double($0) }
        case .float64: return try real(Double.self, target) { $0 }
        case .float16: return try real(Float16.self, target) { Double(Float($0)) }
        case .bfloat16: return try real(BFloat16.self, target) { Double($0.float) }
        case .int8: return try whole(Int8.self, target)
        case .int16: return try whole(Int16.self, target)
        case .int32: return try whole(Int32.self, target)
        case .int64: return try whole(Int64.self, target)
        case .uint8: return try whole(UInt8.self, target)
        case .uint16: return try whole(UInt16.self, target)
        case .uint32: return try whole(UInt32.self, target)
        case .uint64: return try whole(UInt64.self, target)
        case .bool: return try map(UInt8.self, as: .uint8) { $0 == 0 ? UInt8(0) : 1 }.cast(to: target)
        case .int4, .uint4: return try unpackedNibbles().cast(to: target)
        default: throw CNNOptError(.unsupported, "a cast from \(elementType.onnxName)")
        }
    }

    @inline(__always)
    private func map<S: TensorScalar, T: TensorScalar>(
        _ source: S.Type,
        as elementType: ElementType? = nil,
        _ convert: (S) -> T
    ) throws(CNNOptError) -> TensorData {
        try withElements(S.self) { (source) throws(CNNOptError) in
            try TensorData.make(T.self, as: elementType, shape: shape) { (target) throws(CNNOptError) in
                guard let from = source.baseAddress, let to = target.baseAddress else { return }
                for i in 0..<source.count { to[i] = convert(from[i]) }
            }
        }
    }

    /// From floats, which `double` turns into doubles without loss.
    @inline(__always)
    private func real<S: TensorScalar>(_ source: S.Type, _ target: ElementType, _ double: (S) -> Double)
        throws(CNNOptError) -> TensorData
    {
        switch target {
        case .float32: try map(S.self) { Float(double($0)) }
        case .float64: try map(S.self) { double($0) }
        case .float16: try map(S.self) { Float16(double($0)) }
        case .bfloat16: try map(S.self) { BFloat16(Float(double($0))) }
        case .int8: try map(S.self) { Int8(saturating: double($0)) }
        case .int16: try map(S.self) { Int16(saturating: double($0)) }
        case .int32: try map(S.self) { Int32(saturating: double($0)) }
        case .int64: try map(S.self) { Int64(saturating: double($0)) }
        case .uint8: try map(S.self) { UInt8(saturating: double($0)) }
        case .uint16: try map(S.self) { UInt16(saturating: double($0)) }
        case .uint32: try map(S.self) { UInt32(saturating: double($0)) }
        case .uint64: try map(S.self) { UInt64(saturating: double($0)) }
        case .bool: try map(S.self, as: .bool) { double($0) == 0 ? UInt8(0) : 1 }
        case .int4, .uint4:
            try map(S.self) { UInt8(truncatingIfNeeded: Int64(saturating: double($0))) }.packedNibbles(target)
        default: throw CNNOptError(.unsupported, "a cast to \(target.onnxName)")
        }
    }

    @inline(__always)
    private func whole<S: TensorScalar & FixedWidthInteger>(_ source: S.Type, _ target: ElementType)
        throws(CNNOptError) -> TensorData
    {
        switch target {
        case .float32: try map(S.self) { Float($0) }
        case .float64: try map(S.self) { Double($0) }
        case .float16: try map(S.self) { Float16($0) }
        case .bfloat16: try map(S.self) { BFloat16(Float($0)) }
        case .int8: try map(S.self) { Int8(truncatingIfNeeded: $0) }
        case .int16: try map(S.self) { Int16(truncatingIfNeeded: $0) }
        case .int32: try map(S.self) { Int32(truncatingIfNeeded: $0) }
        case .int64: try map(S.self) { Int64(truncatingIfNeeded: $0) }
        case .uint8: try map(S.self) { UInt8(truncatingIfNeeded: $0) }
        case .uint16: try map(S.self) { UInt16(truncatingIfNeeded: $0) }
        case .uint32: try map(S.self) { UInt32(truncatingIfNeeded: $0) }
        case .uint64: try map(S.self) { UInt64(truncatingIfNeeded: $0) }
        case .bool: try map(S.self, as: .bool) { $0 == 0 ? UInt8(0) : 1 }
        case .int4, .uint4: try map(S.self) { UInt8(truncatingIfNeeded: $0) }.packedNibbles(target)
        default: throw CNNOptError(.unsupported, "a cast to \(target.onnxName)")
        }
    }

    /// The elements of a 4-bit tensor, one a byte.
    private func unpackedNibbles() throws(CNNOptError) -> TensorData {
        let signed = elementType == .int4
        return try withBytes { (bytes) throws(CNNOptError) in
            try TensorData.make(UInt8.self, shape: shape) { (target) throws(CNNOptError) in
                for i in target.indices {
                    let nibble = bytes[i / 2] >> (i % 2 == 0 ? 0 : 4) & 15
                    target[i] = signed && nibble > 7 ? nibble | 0xF0 : nibble
                }
            }
        }.reinterpreted(signed: signed)
    }

    private func reinterpreted(signed: Bool) throws(CNNOptError) -> TensorData {
        signed ? try cast(to: .int8) : self
    }

    /// The low four bits of bytes, packed with the first element in the low half.
    private func packedNibbles(_ type: ElementType) throws(CNNOptError) -> TensorData {
        var packed = try TensorData(zeros: type, shape: shape)
        try withBytes { (source) throws(CNNOptError) in
            try packed.withMutableBytes { (target) throws(CNNOptError) in
                for i in 0..<count { target[i / 2] |= (source[i] & 15) << (i % 2 == 0 ? 0 : 4) }
            }
        }
        return packed
    }
}

extension FixedWidthInteger {
    /// The number cut towards zero, or the nearest end of the range; 0 for NaN.
    @inlinable @inline(__always)
    package init(saturating value: Double) {
        // 2⁶³ and 2⁶⁴ are exact; all integers but UInt64 lie within 64 signed bits.
        if value >= 0x1p63 {
            self = value < 0x1p64 ? Self(clamping: UInt64(value)) : Self.max
        } else if value > -0x1p63 {
            self = Self(clamping: Int64(value))
        } else {
            self = value.isNaN ? 0 : Self.min
        }
    }
}
