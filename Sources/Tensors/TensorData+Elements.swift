#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension TensorData {
    /// Reads the elements in place.
    /// - Throws: `unsupported` where the tensor's type is not `T`'s.
    @inlinable
    package func withElements<T: TensorScalar, R>(
        _ type: T.Type,
        _ body: (UnsafeBufferPointer<T>) throws(CNNOptError) -> R
    ) throws(CNNOptError) -> R {
        guard T.canRead(elementType) else { throw Self.mismatch(elementType, T.elementType) }
        return try withBytes { (bytes) throws(CNNOptError) -> R in
            try body(UnsafeBufferPointer(start: bytes.baseAddress?.assumingMemoryBound(to: T.self), count: count))
        }
    }

    /// Changes the elements in place; copies them first when they are shared.
    @inlinable
    package mutating func withMutableElements<T: TensorScalar, R>(
        _ type: T.Type,
        _ body: (UnsafeMutableBufferPointer<T>) throws(CNNOptError) -> R
    ) throws(CNNOptError) -> R {
        guard T.canRead(elementType) else { throw Self.mismatch(elementType, T.elementType) }
        let count = self.count
        return try withMutableBytes { (bytes) throws(CNNOptError) -> R in
            try body(
                UnsafeMutableBufferPointer(start: bytes.baseAddress?.assumingMemoryBound(to: T.self), count: count)
            )
        }
    }

    /// A new tensor whose elements, all zero at first, the closure writes.
    @inlinable
    package static func make<T: TensorScalar>(
        _ type: T.Type,
        as elementType: ElementType? = nil,
        shape: [Int],
        _ fill: (UnsafeMutableBufferPointer<T>) throws(CNNOptError) -> Void
    ) throws(CNNOptError) -> TensorData {
        var tensor = try TensorData(zeros: elementType ?? T.elementType, shape: shape)
        try tensor.withMutableElements(type, fill)
        return tensor
    }

    /// A tensor of the given elements.
    @inlinable
    package init<T: TensorScalar>(_ elements: [T], shape: [Int]) throws(CNNOptError) {
        guard checkedProduct(shape) == elements.count else {
            throw CNNOptError(.invalidModel, "\(elements.count) elements do not fit shape \(shape)")
        }
        self = try .make(T.self, shape: shape) { (buffer) throws(CNNOptError) in
            for index in elements.indices { buffer[index] = elements[index] }
        }
    }

    /// A one-dimensional tensor of the given elements; a scalar's shape is `[]`.
    @inlinable
    package init<T: TensorScalar>(_ elements: [T]) throws(CNNOptError) {
        try self.init(elements, shape: [elements.count])
    }

    /// A copy of the elements.
    @inlinable
    package func array<T: TensorScalar>(of type: T.Type) throws(CNNOptError) -> [T] {
        try withElements(type) { (buffer) throws(CNNOptError) in Array(buffer) }
    }

    @usableFromInline
    static func mismatch(_ found: ElementType, _ wanted: ElementType) -> CNNOptError {
        CNNOptError(.unsupported, "element type \(found.onnxName) where \(wanted.onnxName) is needed")
    }
}

extension TensorData {
    /// The elements as doubles, whatever the numeric type; bool gives 0 and 1.
    package func doubles() throws(CNNOptError) -> [Double] {
        switch elementType {
        case .float32: try array(of: Float.self).map(Double.init)
        case .float64: try array(of: Double.self)
        case .float16: try array(of: Float16.self).map(Double.init)
        case .bfloat16: try array(of: BFloat16.self).map { Double($0.float) }
        case .int8: try array(of: Int8.self).map(Double.init)
        case .int16: try array(of: Int16.self).map(Double.init)
        case .int32: try array(of: Int32.self).map(Double.init)
        case .int64: try array(of: Int64.self).map(Double.init)
        case .uint8: try array(of: UInt8.self).map(Double.init)
        case .uint16: try array(of: UInt16.self).map(Double.init)
        case .uint32: try array(of: UInt32.self).map(Double.init)
        case .uint64: try array(of: UInt64.self).map { Double($0) }
        case .bool: try array(of: UInt8.self).map { $0 == 0 ? 0 : 1 }
        case .string, .complex64, .complex128:
            throw CNNOptError(.unsupported, "numbers of element type \(elementType.onnxName)")
        default: try cast(to: .float32).doubles()
        }
    }

    /// The elements of an integer tensor as `Int`; nil where one does not fit or the type is no integer.
    package func integers() -> [Int]? {
        do {
            switch elementType {
            case .int64: return try array(of: Int64.self).map(Int.init)
            case .int32: return try array(of: Int32.self).map(Int.init)
            case .int16: return try array(of: Int16.self).map(Int.init)
            case .int8: return try array(of: Int8.self).map(Int.init)
            case .uint8, .bool: return try array(of: UInt8.self).map(Int.init)
            case .uint16: return try array(of: UInt16.self).map(Int.init)
            case .uint32: return try array(of: UInt32.self).map(Int.init)
            case .uint64:
                let values = try array(of: UInt64.self).map { Int(exactly: $0) }
                return values.contains { $0 == nil } ? nil : values.compactMap { $0 }
            default: return nil
            }
        } catch {
            return nil
        }
    }

    /// Whether type, shape and every byte are equal (NaNs compare by their bits).
    package func isIdentical(to other: TensorData) -> Bool {
        guard elementType == other.elementType, shape == other.shape else { return false }
        if let mine = strings { return mine == other.strings }
        let same = try? withBytes { (a) throws(CNNOptError) in
            try other.withBytes { (b) throws(CNNOptError) in
                guard let x = a.baseAddress, let y = b.baseAddress else { return a.count == b.count }
                return a.count == b.count && (x == y || memcmp(x, y, a.count) == 0)
            }
        }
        return same ?? false
    }

    /// A hash of type, shape and bytes, of large tensors some of the bytes; equal for identical tensors of one process.
    package func sampledHash() -> Int {
        var hasher = Hasher()
        hasher.combine(elementType)
        hasher.combine(shape)
        if let strings { for string in strings.prefix(64) { hasher.combine(string) } }
        try? withBytes { (bytes) throws(CNNOptError) in
            let whole = 1 << 16
            hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: bytes.prefix(whole)))
            guard bytes.count > whole else { return }
            for sample in 0..<64 {
                let word = bytes.count / 64 * sample
                hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: bytes[word..<word + 8]))
            }
        }
        return hasher.finalize()
    }
}
