import Tensors

/// NumPy's array files (`.npy`, NEP 1): format versions 1 to 3, either byte order, C and Fortran order, numbers and bool.
package enum NPY {
    /// The first bytes of every such file.
    static let magic: [UInt8] = [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]

    /// Reads a file. Elements that lie in the file as tensors want them (little-endian, C order) stay in the mapped file and
    /// are loaded when they are touched; others are copied.
    /// - Throws: `missingInput`; `invalidData` with the byte offset where the file is damaged; `unsupported` where it holds
    ///   text, dates, objects or records.
    package static func read(_ path: String) throws(CNNOptError) -> TensorData {
        let file = try MappedFile(path)
        do {
            return try read(ArrayContent(file.storage))
        } catch {
            throw error.inFile(path)
        }
    }

    /// Reads an array that may be compressed.
    static func read(_ content: ArrayContent) throws(CNNOptError) -> TensorData {
        let header = try content.withHead { (bytes) throws(CNNOptError) in try NPYHeader(parsing: bytes) }
        let tensor = try content.tensor(
            header.elementType,
            shape: header.shape,
            dataOffset: header.dataOffset,
            shapeOffset: header.shapeOffset
        )
        if !header.isSwapped && !header.isFortranOrder { return tensor }
        return try header.rearranged(tensor)
    }

    /// Writes a file, whole or not at all.
    /// - Throws: `unsupported` for element types that NumPy lacks; `cannotCreateOutput` and `inputOutput`.
    package static func write(_ tensor: TensorData, to path: String) throws(CNNOptError) {
        let header: [UInt8]
        do {
            header = try encodedHeader(tensor.elementType, tensor.shape)
        } catch {
            throw error.inFile(path)
        }
        var file = try AtomicFile(path)
        try file.write(header)
        // A non-copyable value cannot be captured by the closure: the storage is written from outside of one.
        if let storage = tensor.storage {
            try file.write(UnsafeRawBufferPointer(start: storage.base, count: storage.byteCount))
            withExtendedLifetime(storage) {}
        }
        try file.commit()
    }

    private static func encodedHeader(_ type: ElementType, _ shape: [Int]) throws(CNNOptError) -> [UInt8] {
        guard let descriptor = NPYHeader.descriptor(of: type), shape.count <= NPYHeader.largestRank else {
            throw CNNOptError(
                .unsupported,
                ".npy files cannot hold \(type.onnxName) of shape \(shape)",
                remedy: "write a TensorProto instead (--output-format pb)"
            )
        }
        let sizes = shape.map { "\($0)," }.joined(separator: " ")
        let tuple = shape.count > 1 ? String(sizes.dropLast()) : sizes
        let text = "{'descr': '\(descriptor)', 'fortran_order': False, 'shape': (\(tuple)), }"
        // The text ends with a line break, padded so that the data starts at a multiple of 64 bytes.
        let padding = (64 - (10 + text.utf8.count + 1) % 64) % 64
        let length = text.utf8.count + padding + 1
        return magic + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)] + Array(text.utf8)
            + [UInt8](repeating: 0x20, count: padding) + [0x0A]
    }
}
