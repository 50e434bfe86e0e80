/// The element types of ONNX tensors; raw values are the numbers of `TensorProto.DataType`.
package enum ElementType: Int32, Sendable, Hashable, CaseIterable {
    case float32 = 1
    case uint8 = 2
    case int8 = 3
    case uint16 = 4
    case int16 = 5
    case int32 = 6
    case int64 = 7
    case string = 8
    case bool = 9
    case float16 = 10
    case float64 = 11
    case uint32 = 12
    case uint64 = 13
    case complex64 = 14
    case complex128 = 15
    case bfloat16 = 16
    case float8E4M3FN = 17
    case float8E4M3FNUZ = 18
    case float8E5M2 = 19
    case float8E5M2FNUZ = 20
    case uint4 = 21
    case int4 = 22
    case float4E2M1 = 23
    case float8E8M0 = 24
    case uint2 = 25
    case int2 = 26
    case float6E2M3 = 27
    case float6E3M2 = 28

    /// Bits that one element takes; 0 for strings, whose size varies.
    package var bitWidth: Int {
        switch self {
        case .string: 0
        case .uint2, .int2: 2
        case .uint4, .int4, .float4E2M1: 4
        case .float6E2M3, .float6E3M2: 6
        case .uint8, .int8, .bool, .float8E4M3FN, .float8E4M3FNUZ, .float8E5M2, .float8E5M2FNUZ, .float8E8M0: 8
        case .uint16, .int16, .float16, .bfloat16: 16
        case .float32, .int32, .uint32: 32
        case .float64, .int64, .uint64, .complex64: 64
        case .complex128: 128
        }
    }

    /// Bytes that `count` packed elements take, rounded up to a whole byte; nil where that overflows.
    package func byteCount(of count: Int) -> Int? {
        let (bits, overflow) = count.multipliedReportingOverflow(by: bitWidth)
        return overflow || count < 0 ? nil : bits / 8 + (bits % 8 == 0 ? 0 : 1)
    }

    /// True for the floating-point types of every width.
    package var isFloat: Bool {
        switch self {
        case .float32, .float16, .float64, .bfloat16, .float8E4M3FN, .float8E4M3FNUZ, .float8E5M2, .float8E5M2FNUZ,
            .float4E2M1, .float8E8M0, .float6E2M3, .float6E3M2:
            true
        default: false
        }
    }

    /// True for signed and unsigned integers of every width.
    package var isInteger: Bool {
        switch self {
        case .uint8, .int8, .uint16, .int16, .int32, .int64, .uint32, .uint64, .uint4, .int4, .uint2, .int2: true
        default: false
        }
    }

    /// The name that ONNX's type strings use: `float`, `uint8`, `float16`, `double`…
    package var onnxName: String {
        switch self {
        case .float32: "float"
        case .float64: "double"
        default: String(describing: self).lowercased()
        }
    }
}
