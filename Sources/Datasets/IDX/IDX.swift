import Tensors

/// The array files that MNIST and its relatives ship as: two zero bytes, the element type, the number of axes, the sizes
/// as big-endian 32-bit numbers, then the elements in big-endian row-major order (Y. LeCun, C. Cortes, C. Burges: *The MNIST
/// database*, section "The IDX file format").
enum IDX {
    private static let types: [UInt8: ElementType] = [
        0x08: .uint8, 0x09: .int8, 0x0B: .int16, 0x0C: .int32, 0x0D: .float32, 0x0E: .float64,
    ]

    /// Reads a whole array.
    /// - Throws: `invalidData` with the byte offset where it is damaged.
    static func read(_ content: ArrayContent) throws(CNNOptError) -> TensorData {
        let (type, shape) = try content.withHead { (bytes) throws(CNNOptError) in try header(bytes) }
        var tensor = try content.tensor(type, shape: shape, dataOffset: 4 + 4 * shape.count, shapeOffset: 4)
        try tensor.swapBytes()
        return tensor
    }

    private static func header(_ bytes: UnsafeRawBufferPointer) throws(CNNOptError) -> (ElementType, [Int]) {
        guard bytes.count >= 4 else { throw CNNOptError(.invalidData, "the idx header is cut off").atByte(bytes.count) }
        guard let type = types[bytes[2]] else {
            let code = String(bytes[2], radix: 16, uppercase: true)
            throw CNNOptError(.invalidData, "element type 0x\(code) is none of the idx format").atByte(2)
        }
        let rank = Int(bytes[3])
        guard rank > 0 else { throw CNNOptError(.invalidData, "the idx header states no axes").atByte(3) }
        guard bytes.count >= 4 + 4 * rank else {
            throw CNNOptError(
                .invalidData,
                "the idx header is cut off: \(rank) axes need \(4 + 4 * rank) bytes, but \(bytes.count) are there"
            ).atByte(4)
        }
        let shape = (0..<rank).map { axis in
            bytes[4 + 4 * axis..<8 + 4 * axis].reduce(0) { $0 << 8 | Int($1) }
        }
        return (type, shape)
    }
}
