import Tensors

extension NPYHeader {
    /// The elements of a tensor that still lie in the file's order, brought into little-endian row-major order.
    func rearranged(_ tensor: TensorData) throws(CNNOptError) -> TensorData {
        var result = isFortranOrder ? try rowMajor(tensor) : tensor
        if isSwapped { try result.swapBytes() }
        return result
    }

    private func rowMajor(_ tensor: TensorData) throws(CNNOptError) -> TensorData {
        var result = try TensorData(zeros: tensor.elementType, shape: tensor.shape)
        try tensor.withBytes { (source) throws(CNNOptError) in
            try result.withMutableBytes { (target) throws(CNNOptError) in
                guard let from = source.baseAddress, let to = target.baseAddress else { return }
                switch tensor.elementType.bitWidth / 8 {
                case 1: gather(from, to, UInt8.self)
                case 2: gather(from, to, UInt16.self)
                case 4: gather(from, to, UInt32.self)
                case 8: gather(from, to, UInt64.self)
                default: gather(from, to, PairOfWords.self)
                }
            }
        }
        return result
    }

    /// Walks the target row by row; the source's strides grow from the first axis to the last.
    private func gather<Word>(_ from: UnsafeRawPointer, _ to: UnsafeMutableRawPointer, _ type: Word.Type) {
        let source = from.assumingMemoryBound(to: Word.self)
        let target = to.assumingMemoryBound(to: Word.self)
        var strides: [Int] = []
        var step = 1
        for size in shape {
            strides.append(step)
            step &*= size
        }
        guard let last = shape.last, let lastStride = strides.last, step > 0 else {
            if step > 0 { target[0] = source[0] }
            return
        }
        var index = [Int](repeating: 0, count: shape.count)
        var origin = 0
        for row in 0..<step / last {
            for column in 0..<last { target[row * last + column] = source[origin + column * lastStride] }
            for axis in shape.indices.dropLast().reversed() {
                index[axis] += 1
                origin += strides[axis]
                if index[axis] < shape[axis] { break }
                origin -= strides[axis] * shape[axis]
                index[axis] = 0
            }
        }
    }
}

/// The memory of a complex number of two doubles; unlike a SIMD vector it may lie at any multiple of 8.
private struct PairOfWords {
    var real: UInt64
    var imaginary: UInt64
}
