extension TensorData {
    /// The numbers of a numeric tensor as strings: the shortest that name them, `NaN`, `INF` and `-INF`; bools as 0 and 1.
    func numerals() throws(CNNOptError) -> TensorData {
        let texts: [String]
        switch elementType {
        case .float64: texts = try array(of: Double.self).map { Self.text($0, "\($0)") }
        case .int64: texts = try array(of: Int64.self).map { "\($0)" }
        case .uint64: texts = try array(of: UInt64.self).map { "\($0)" }
        case .bool: texts = try array(of: UInt8.self).map { $0 == 0 ? "0" : "1" }
        case .float16: texts = try array(of: Float16.self).map { Self.text(Double($0), "\($0)") }
        default:
            if elementType.isInteger {
                texts = try cast(to: .int64).array(of: Int64.self).map { "\($0)" }
            } else {
                texts = try cast(to: .float32).array(of: Float.self).map { Self.text(Double($0), "\($0)") }
            }
        }
        return try TensorData(strings: texts.map { Array($0.utf8) }, shape: shape)
    }

    private static func text(_ value: Double, _ plain: String) -> String {
        value.isNaN ? "NaN" : value.isInfinite ? (value < 0 ? "-INF" : "INF") : plain
    }

    /// The numbers that strings name, in a type from which they get to `target` without loss.
    func parsed(as target: ElementType) throws(CNNOptError) -> TensorData {
        let texts = (strings ?? []).map { String(decoding: $0, as: UTF8.self) }
        if target == .uint64 { return try TensorData(Self.whole(texts, UInt64.self), shape: shape) }
        if target.isInteger { return try TensorData(Self.whole(texts, Int64.self), shape: shape) }
        var values: [Double] = []
        for text in texts {
            guard let value = Self.number(text) else { throw Self.noNumber(text) }
            values.append(value)
        }
        return try TensorData(values, shape: shape)
    }

    private static func whole<T: FixedWidthInteger>(_ texts: [String], _ type: T.Type) throws(CNNOptError) -> [T] {
        var values: [T] = []
        for text in texts {
            if let value = T(text) {
                values.append(value)
            } else if let value = Double(text), value.isFinite {
                values.append(T(saturating: value))
            } else {
                throw noNumber(text)
            }
        }
        return values
    }

    private static func number(_ text: String) -> Double? {
        switch text.lowercased() {
        case "nan": .nan
        case "inf", "+inf": .infinity
        case "-inf": -.infinity
        default: Double(text)
        }
    }

    private static func noNumber(_ text: String) -> CNNOptError {
        CNNOptError(.invalidData, "the string '\(text.prefix(40))' is no number")
    }
}
