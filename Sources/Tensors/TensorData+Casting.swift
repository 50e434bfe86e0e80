/// What a conversion does where the target's numbers leave a choice.
package struct CastRule: Sendable {
    /// Whether numbers beyond an 8-bit float's range become its largest number, not infinity or NaN.
    package var saturates = true
    /// Which power of two a number between two becomes, in the type that holds nothing else.
    package var powerRounding = PowerOfTwo.Rounding.up

    package init(saturates: Bool = true, powerRounding: PowerOfTwo.Rounding = .up) {
        self.saturates = saturates
        self.powerRounding = powerRounding
    }
}

extension TensorData {
    /// The same numbers in another element type.
    ///
    /// Floats are cut towards zero to integers; what lies outside the integer's range becomes its nearest end and NaN becomes
    /// 0. Wider integers lose their upper bits, and so do floats on the way to 2 and 4 bits. Everything but zero is true.
    /// Strings are read and written as decimal numbers.
    /// - Throws: `unsupported` for complex numbers, `invalidData` for a string that is no number.
    package func cast(to target: ElementType, _ rule: CastRule = CastRule()) throws(CNNOptError) -> TensorData {
        if target == elementType { return self }
        if target == .string { return try numerals() }
        switch elementType {
        case .float32: return try real(Float.self, target, rule) { Double($0) }
        case .float64: return try real(Double.self, target, rule) { $0 }
        case .float16: return try real(Float16.self, target, rule) { Double(Float($0)) }
        case .bfloat16: return try real(BFloat16.self, target, rule) { Double($0.float) }
        case .int8: return try whole(Int8.self, target, rule)
        case .int16: return try whole(Int16.self, target, rule)
        case .int32: return try whole(Int32.self, target, rule)
        case .int64: return try whole(Int64.self, target, rule)
        case .uint8: return try whole(UInt8.self, target, rule)
        case .uint16: return try whole(UInt16.self, target, rule)
        case .uint32: return try whole(UInt32.self, target, rule)
        case .uint64: return try whole(UInt64.self, target, rule)
        case .bool: return try map(UInt8.self, as: .uint8) { $0 == 0 ? UInt8(0) : 1 }.cast(to: target, rule)
        case .uint4, .uint2: return try unpackedUnits().cast(to: target, rule)
        case .int4, .int2:
            let shift = Int8(8 - elementType.bitWidth)
            return try unpackedUnits().map(UInt8.self) { (Int8(bitPattern: $0) << shift) >> shift }.cast(
                to: target,
                rule
            )
        case .float8E8M0: return try map(UInt8.self) { PowerOfTwo.decode($0) }.cast(to: target, rule)
        case .string: return try parsed(as: target).cast(to: target, rule)
        default:
            guard let format = SmallFloat(elementType) else {
                throw CNNOptError(.unsupported, "a cast from \(elementType.onnxName)")
            }
            let table = (0...255).map { format.decode(UInt8($0)) }
            let codes = elementType.bitWidth < 8 ? try unpackedUnits() : self
            return try codes.map(UInt8.self) { table[Int($0)] }.cast(to: target, rule)
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
    private func real<S: TensorScalar>(
        _ source: S.Type,
        _ target: ElementType,
        _ rule: CastRule,
        _ double: (S) -> Double
    ) throws(CNNOptError) -> TensorData {
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
        case .int4, .uint4, .int2, .uint2:
            try .packing(map(S.self) { UInt8(truncatingIfNeeded: Int64(saturating: double($0))) }, as: target)
        default: try small(S.self, target, rule, double)
        }
    }

    @inline(__always)
    private func whole<S: TensorScalar & FixedWidthInteger>(
        _ source: S.Type,
        _ target: ElementType,
        _ rule: CastRule
    ) throws(CNNOptError) -> TensorData {
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
        case .int4, .uint4, .int2, .uint2:
            try .packing(map(S.self) { UInt8(truncatingIfNeeded: $0) }, as: target)
        default: try small(S.self, target, rule) { Double($0) }
        }
    }

    /// To a float of at most 8 bits.
    private func small<S: TensorScalar>(
        _ source: S.Type,
        _ target: ElementType,
        _ rule: CastRule,
        _ double: (S) -> Double
    ) throws(CNNOptError) -> TensorData {
        if target == .float8E8M0 {
            return try map(S.self, as: target) {
                PowerOfTwo.encode(double($0), saturates: rule.saturates, rule.powerRounding)
            }
        }
        guard let format = SmallFloat(target) else {
            throw CNNOptError(.unsupported, "a cast to \(target.onnxName)")
        }
        guard target.bitWidth < 8 else {
            return try map(S.self, as: target) { format.encode(double($0), saturates: rule.saturates) }
        }
        return try .packing(map(S.self) { format.encode(double($0), saturates: true) }, as: target)
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
