/// A Swift type whose memory is one element of a tensor.
package protocol TensorScalar: BitwiseCopyable, Sendable {
    /// The element type that a tensor made of these gets.
    static var elementType: ElementType { get }
    /// Whether the elements of such a tensor can be read as this type. A `bool` is read as `UInt8` (any non-zero byte is
    /// true): other bytes than 0 and 1 in a Swift `Bool` would be undefined behaviour.
    static func canRead(_ type: ElementType) -> Bool
}

extension TensorScalar {
    package static func canRead(_ type: ElementType) -> Bool { type == elementType }
}

extension Float: TensorScalar { package static var elementType: ElementType { .float32 } }
extension Double: TensorScalar { package static var elementType: ElementType { .float64 } }
extension Float16: TensorScalar { package static var elementType: ElementType { .float16 } }
extension Int8: TensorScalar { package static var elementType: ElementType { .int8 } }
extension Int16: TensorScalar { package static var elementType: ElementType { .int16 } }
extension Int32: TensorScalar { package static var elementType: ElementType { .int32 } }
extension Int64: TensorScalar { package static var elementType: ElementType { .int64 } }
extension UInt16: TensorScalar { package static var elementType: ElementType { .uint16 } }
extension UInt32: TensorScalar { package static var elementType: ElementType { .uint32 } }
extension UInt64: TensorScalar { package static var elementType: ElementType { .uint64 } }
extension UInt8: TensorScalar {
    package static var elementType: ElementType { .uint8 }
    package static func canRead(_ type: ElementType) -> Bool {
        type == .uint8 || type == .bool || (type.bitWidth == 8 && type.isFloat)
    }
}

/// The upper half of a `Float`: 8 exponent bits, 7 mantissa bits.
@frozen
package struct BFloat16: TensorScalar, Hashable {
    package var bits: UInt16

    @inlinable package init(bits: UInt16) { self.bits = bits }

    /// Rounds to nearest, ties to even; NaN stays NaN.
    @inlinable package init(_ value: Float) {
        let raw = value.bitPattern
        bits =
            value.isNaN
            ? UInt16(truncatingIfNeeded: raw >> 16) | 0x40
            : UInt16(truncatingIfNeeded: (raw &+ 0x7FFF &+ ((raw >> 16) & 1)) >> 16)
    }

    @inlinable package var float: Float { Float(bitPattern: UInt32(bits) << 16) }

    package static var elementType: ElementType { .bfloat16 }
}
