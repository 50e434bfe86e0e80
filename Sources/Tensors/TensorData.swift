/// An immutable-by-default n-dimensional array: element type, shape, and reference-counted bytes copied on write.
///
/// Elements lie in row-major order; types under 8 bits are packed with the first element in the low bits.
package struct TensorData: Sendable {
    package let elementType: ElementType
    package private(set) var shape: [Int]
    /// The number of elements.
    package let count: Int
    private var payload: Payload

    private enum Payload: Sendable {
        case bytes(TensorStorage)
        /// ONNX strings are byte strings: they need not be UTF-8.
        case strings([[UInt8]])
    }

    /// Bytes that a tensor of this type and shape takes.
    /// - Throws: `invalidModel` where a dimension is negative or the size overflows.
    package static func byteCount(_ type: ElementType, _ shape: [Int]) throws(CNNOptError) -> (count: Int, bytes: Int) {
        guard let count = checkedProduct(shape), let bytes = type.byteCount(of: count) else {
            throw CNNOptError(
                .invalidModel,
                "dimensions \(shape) are negative or overflow",
                remedy: "the file is damaged or hostile"
            )
        }
        return (count, bytes)
    }

    /// A tensor over existing storage, which must hold exactly the bytes that type and shape need.
    package init(elementType: ElementType, shape: [Int], storage: TensorStorage) throws(CNNOptError) {
        let (count, bytes) = try Self.byteCount(elementType, shape)
        guard bytes == storage.byteCount, elementType != .string else {
            throw CNNOptError(
                .invalidModel,
                "dimensions \(shape) of \(elementType.onnxName) need \(bytes) bytes, but \(storage.byteCount) are there"
            )
        }
        self.elementType = elementType
        self.shape = shape
        self.count = count
        // Kernels load whole elements: memory from a mapped file may lie askew.
        let width = max(elementType.bitWidth / 8, 1)
        if Int(bitPattern: storage.base) % min(width, 8) != 0 {
            let aligned = try TensorStorage.allocate(byteCount: bytes, zeroed: false)
            aligned.base.copyMemory(from: storage.base, byteCount: bytes)
            payload = .bytes(aligned)
        } else {
            payload = .bytes(storage)
        }
    }

    /// A tensor of zeros.
    package init(zeros elementType: ElementType, shape: [Int]) throws(CNNOptError) {
        let (count, bytes) = try Self.byteCount(elementType, shape)
        self.elementType = elementType
        self.shape = shape
        self.count = count
        if elementType == .string {
            guard count <= 1 << 28 else { throw CNNOptError(.invalidModel, "\(count) strings are too many") }
            payload = .strings([[UInt8]](repeating: [], count: count))
        } else {
            payload = .bytes(try TensorStorage.allocate(byteCount: bytes))
        }
    }

    /// A string tensor.
    package init(strings: [[UInt8]], shape: [Int]) throws(CNNOptError) {
        let (count, _) = try Self.byteCount(.string, shape)
        guard count == strings.count else {
            throw CNNOptError(
                .invalidModel,
                "dimensions \(shape) need \(count) strings, but \(strings.count) are there"
            )
        }
        elementType = .string
        self.shape = shape
        self.count = count
        payload = .strings(strings)
    }

    /// The strings of a string tensor; nil for any other type.
    package var strings: [[UInt8]]? {
        if case .strings(let strings) = payload { strings } else { nil }
    }

    /// The bytes that the elements take (0 for strings).
    package var byteCount: Int {
        if case .bytes(let storage) = payload { storage.byteCount } else { 0 }
    }

    /// The same elements under another shape of the same element count.
    package func reshaped(_ shape: [Int]) throws(CNNOptError) -> TensorData {
        guard checkedProduct(shape) == count else {
            throw CNNOptError(.invalidModel, "\(count) elements of shape \(self.shape) do not fit shape \(shape)")
        }
        var copy = self
        copy.shape = shape
        return copy
    }

    /// The raw bytes, little-endian.
    package func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws(CNNOptError) -> R) throws(CNNOptError) -> R {
        guard case .bytes(let storage) = payload else { return try body(UnsafeRawBufferPointer(start: nil, count: 0)) }
        defer { withExtendedLifetime(storage) {} }
        return try body(UnsafeRawBufferPointer(start: storage.base, count: storage.byteCount))
    }

    /// The raw bytes for change; copies them first when they are shared.
    package mutating func withMutableBytes<R>(
        _ body: (UnsafeMutableRawBufferPointer) throws(CNNOptError) -> R
    ) throws(CNNOptError) -> R {
        guard case .bytes(var storage) = payload else {
            return try body(UnsafeMutableRawBufferPointer(start: nil, count: 0))
        }
        payload = .strings([])
        defer { payload = .bytes(storage) }
        if !storage.isMutable || !isKnownUniquelyReferenced(&storage) {
            let copy = try TensorStorage.allocate(byteCount: storage.byteCount, zeroed: false)
            copy.base.copyMemory(from: storage.base, byteCount: storage.byteCount)
            storage = copy
        }
        return try body(UnsafeMutableRawBufferPointer(start: storage.base, count: storage.byteCount))
    }

    /// The storage behind the elements, for writers that hand the pointer to C; nil for strings.
    package var storage: TensorStorage? {
        if case .bytes(let storage) = payload { storage } else { nil }
    }
}
