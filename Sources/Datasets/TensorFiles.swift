import Tensors

/// Reads the tensor of one file. Datasets know no protobuf: whoever opens one hands in a reader of TensorProto files.
package typealias TensorReader = @Sendable (_ path: String) throws(CNNOptError) -> TensorData

/// TensorProto files, each with one sample (C,H,W) or a batch of them (N,C,H,W).
enum TensorFiles {
    /// Whether a file of this name is taken for a TensorProto when a folder is listed.
    static func hasTensorName(_ name: String) -> Bool { !name.hasPrefix(".") && name.lowercased().hasSuffix(".pb") }

    /// The samples of all files in one tensor, in the order of the files.
    /// - Throws: `invalidData` naming the first file whose samples are unlike those of the first; `unsupported` where there
    ///   is no reader, or more than memory should hold.
    static func stacked(_ paths: [String], _ read: TensorReader?) throws(CNNOptError) -> TensorData {
        guard let read else { throw CNNOptError(.unsupported, "TensorProto files cannot be read here") }
        var batches: [TensorData] = []
        var (count, byteCount) = (0, 0)
        for path in paths {
            do throws(CNNOptError) {
                let batch = try Self.batch(try read(path))
                if let first = batches.first { try check(batch, isLike: first) }
                batches.append(batch)
                (count, byteCount) = (count + batch.shape[0], byteCount + batch.byteCount)
                guard byteCount <= ArrayContent.largestSizeInMemory else {
                    throw CNNOptError(
                        .unsupported,
                        "the samples up to this file take more than \(ArrayContent.largestSizeInMemory) bytes of memory",
                        remedy: "save them as one .npy, which is mapped whatever its size"
                    )
                }
            } catch {
                throw error.inFile(path)
            }
        }
        guard let first = batches.first else { return try TensorData(zeros: .float32, shape: [0, 1, 1, 1]) }
        if batches.count == 1 { return first }
        var result = try TensorData(zeros: first.elementType, shape: [count] + first.shape.dropFirst())
        try result.withMutableBytes { (target) throws(CNNOptError) in
            var position = 0
            for index in batches.indices {
                try batches[index].withBytes { (bytes) throws(CNNOptError) in
                    if let source = bytes.baseAddress, let base = target.baseAddress {
                        (base + position).copyMemory(from: source, byteCount: bytes.count)
                    }
                    position += bytes.count
                }
            }
        }
        return result
    }

    private static func batch(_ tensor: TensorData) throws(CNNOptError) -> TensorData {
        switch tensor.shape.count {
        case 3: return try tensor.reshaped([1] + tensor.shape)
        case 4: return tensor
        default:
            throw CNNOptError(
                .invalidData,
                "a sample has the shape C,H,W and a batch of them N,C,H,W, but this tensor has \(tensor.shape)"
            )
        }
    }

    private static func check(_ batch: TensorData, isLike first: TensorData) throws(CNNOptError) {
        guard batch.elementType == first.elementType, batch.shape.dropFirst() == first.shape.dropFirst() else {
            throw CNNOptError(
                .invalidData,
                "its samples are \(batch.elementType.onnxName) of shape \(Array(batch.shape.dropFirst())), those before "
                    + "it \(first.elementType.onnxName) of shape \(Array(first.shape.dropFirst()))"
            )
        }
    }
}
