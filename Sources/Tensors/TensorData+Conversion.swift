extension TensorData {
    /// A tensor of a numeric type from doubles; integers are rounded to nearest even and clamped, NaN becomes 0 there.
    package init(doubles: [Double], as elementType: ElementType, shape: [Int]) throws(CNNOptError) {
        func integers<T: FixedWidthInteger & TensorScalar>(_ type: T.Type) throws(CNNOptError) -> TensorData {
            let rounded = doubles.map { value -> T in
                if value.isNaN { return 0 }
                return T(exactly: value.rounded(.toNearestOrEven)) ?? (value < 0 ? T.min : T.max)
            }
            return try TensorData(rounded, shape: shape)
        }
        switch elementType {
        case .float32: try self.init(doubles.map(Float.init), shape: shape)
        case .float64: try self.init(doubles, shape: shape)
        case .float16: try self.init(doubles.map(Float16.init), shape: shape)
        case .bfloat16: try self.init(doubles.map { BFloat16(Float($0)) }, shape: shape)
        case .int8: self = try integers(Int8.self)
        case .int16: self = try integers(Int16.self)
        case .int32: self = try integers(Int32.self)
        case .int64: self = try integers(Int64.self)
        case .uint8: self = try integers(UInt8.self)
        case .uint16: self = try integers(UInt16.self)
        case .uint32: self = try integers(UInt32.self)
        case .uint64: self = try integers(UInt64.self)
        case .bool:
            self = try .make(UInt8.self, as: .bool, shape: shape) { (target) throws(CNNOptError) in
                guard target.count == doubles.count else {
                    throw CNNOptError(.invalidModel, "\(doubles.count) elements do not fit shape \(shape)")
                }
                for index in doubles.indices { target[index] = doubles[index] == 0 ? 0 : 1 }
            }
        default: throw CNNOptError(.unsupported, "numbers of element type \(elementType.onnxName)")
        }
    }
}
