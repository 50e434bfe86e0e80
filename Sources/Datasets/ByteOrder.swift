import Tensors

extension TensorData {
    /// The same tensor with the bytes of every number reversed; the parts of complex numbers are numbers of their own.
    mutating func swapBytes() throws(CNNOptError) {
        let isComplex = elementType == .complex64 || elementType == .complex128
        let width = elementType.bitWidth / 8 / (isComplex ? 2 : 1)
        guard width > 1 else { return }
        try withMutableBytes { (bytes) throws(CNNOptError) in
            for start in stride(from: 0, to: bytes.count, by: width) { bytes[start..<start + width].reverse() }
        }
    }
}
