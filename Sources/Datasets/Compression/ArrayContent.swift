import Tensors

/// The bytes of an array as its own format lays them out: a mapped file or part of one, or compressed in one.
///
/// What is compressed is inflated only once its own header has told how long it must become.
struct ArrayContent {
    /// A part of the mapped file: the bytes themselves, or what they are compressed to.
    private let stored: TensorStorage
    /// Where the part starts in the file.
    private let origin: Int
    private let compression: Inflater.Wrapper?
    /// The bytes that an archive's directory promises, and their CRC-32.
    private let promise: (byteCount: Int, checksum: UInt32)?

    /// The most bytes that one array may take in memory: 4 GiB. Plain files and stored members are mapped and need no limit.
    static let largestSizeInMemory = min(1 << 32, MemoryBudget.largestAllocation)

    /// Deflate's best: two bits for 258 bytes.
    private static let largestExpansion = 1_032

    /// Enough of the start for every header: those of `.npy` version 1 have at most 64 KiB.
    private static let headRoom = 1 << 17

    /// - Parameter compression: nil where the bytes lie there as they are.
    init(
        _ stored: TensorStorage,
        origin: Int = 0,
        compression: Inflater.Wrapper? = nil,
        promise: (byteCount: Int, checksum: UInt32)? = nil
    ) {
        self.stored = stored
        self.origin = origin
        self.compression = compression
        self.promise = promise
    }

    /// Hands over the first bytes: all of them, or for compressed ones as many as a header can have.
    func withHead<R>(_ body: (UnsafeRawBufferPointer) throws(CNNOptError) -> R) throws(CNNOptError) -> R {
        defer { withExtendedLifetime(stored) {} }
        guard let compression else {
            return try body(UnsafeRawBufferPointer(start: stored.base, count: stored.byteCount))
        }
        let source = UnsafeRawBufferPointer(start: stored.base, count: stored.byteCount)
        let head = try TensorStorage.allocate(byteCount: Self.headRoom, zeroed: false)
        let target = UnsafeMutableRawBufferPointer(start: head.base, count: head.byteCount)
        let count = try Inflater(source, compression, origin: origin).read(into: target)
        defer { withExtendedLifetime(head) {} }
        return try body(UnsafeRawBufferPointer(start: head.base, count: count))
    }

    /// The elements behind a header, in the order in which they lie there.
    /// - Parameters:
    ///   - dataOffset: where they start, counted from the first byte of the array's own format.
    ///   - shapeOffset: where the header states the shape.
    /// - Throws: `invalidData` unless there are exactly as many bytes as the shape needs; `unsupported` where they are
    ///   compressed and too many for memory.
    func tensor(
        _ type: ElementType,
        shape: [Int],
        dataOffset: Int,
        shapeOffset: Int
    ) throws(CNNOptError) -> TensorData {
        guard let count = checkedProduct(shape), let needed = type.byteCount(of: count),
            !needed.addingReportingOverflow(dataOffset).overflow
        else {
            throw CNNOptError(.invalidData, "shape \(shape) overflows").atByte(origin(shapeOffset))
        }
        let total = needed + dataOffset
        func mismatch(_ present: String) -> CNNOptError {
            CNNOptError(
                .invalidData,
                "shape \(shape) of \(type.onnxName) needs \(needed) bytes of data, but the file holds \(present)",
                remedy: "it is damaged or was not written to its end"
            ).atByte(origin(dataOffset))
        }
        let present = promise?.byteCount ?? (compression == nil ? stored.byteCount : total)
        guard present == total else { throw mismatch("\(max(present - dataOffset, 0))") }
        let whole = try compression.map { (wrapper) throws(CNNOptError) in
            try inflated(wrapper, total, from: dataOffset, mismatch)
        }
        if let promise,
            checksum(UnsafeRawBufferPointer(start: (whole ?? stored).base, count: total)) != promise.checksum
        {
            throw CNNOptError(
                .invalidData,
                "the bytes do not have the checksum that the archive states",
                remedy: "the file is damaged"
            ).atByte(origin)
        }
        guard let data = (whole ?? stored).slice(offset: dataOffset, byteCount: needed) else {
            throw mismatch("\(max(stored.byteCount - dataOffset, 0))")
        }
        return try TensorData(elementType: type, shape: shape, storage: data)
    }

    private func inflated(
        _ wrapper: Inflater.Wrapper,
        _ total: Int,
        from dataOffset: Int,
        _ mismatch: (String) -> CNNOptError
    ) throws(CNNOptError) -> TensorStorage {
        guard total / Self.largestExpansion <= stored.byteCount else {
            throw mismatch("\(stored.byteCount) compressed ones, which cannot become so many")
        }
        guard total <= Self.largestSizeInMemory else {
            throw CNNOptError(
                .unsupported,
                "a compressed array of \(total) bytes; up to \(Self.largestSizeInMemory) are inflated to memory",
                remedy: "save it uncompressed: such files are mapped, whatever their size"
            ).atByte(origin)
        }
        let result = try TensorStorage.allocate(byteCount: total, zeroed: false)
        defer { withExtendedLifetime(stored) {} }
        let source = UnsafeRawBufferPointer(start: stored.base, count: stored.byteCount)
        let inflater = try Inflater(source, wrapper, origin: origin)
        let count = try inflater.read(into: UnsafeMutableRawBufferPointer(start: result.base, count: total))
        guard count == total else { throw mismatch("\(max(count - dataOffset, 0))") }
        // Asking for one byte more also makes zlib read the end of the stream, with its checksum.
        var extra: UInt8 = 0
        let rest = try withUnsafeMutableBytes(of: &extra) { (room) throws(CNNOptError) in try inflater.read(into: room)
        }
        guard rest == 0 else { throw mismatch("more") }
        return result
    }

    /// The offset in the file of a byte of the array's own format, where that can be told.
    private func origin(_ offset: Int) -> Int { compression == nil ? origin + offset : origin }
}
