import CKernels
import Tensors

extension ck_walk {
    /// Sizes and the strides of both sides in elements.
    init(_ sizes: [Int], from: [Int], to: [Int]) {
        self.init()
        rank = Int32(sizes.count)
        withUnsafeMutableBytes(of: &size) { $0.store(sizes) }
        withUnsafeMutableBytes(of: &self.from) { $0.store(from) }
        withUnsafeMutableBytes(of: &self.to) { $0.store(to) }
    }
}

extension ck_pair_walk {
    init(_ sizes: [Int], a: [Int], b: [Int]) {
        self.init()
        rank = Int32(sizes.count)
        withUnsafeMutableBytes(of: &size) { $0.store(sizes) }
        withUnsafeMutableBytes(of: &self.a) { $0.store(a) }
        withUnsafeMutableBytes(of: &self.b) { $0.store(b) }
    }
}

extension UnsafeMutableRawBufferPointer {
    /// Writes 64-bit integers to a C array, as many as there is room for.
    fileprivate func store(_ list: [Int]) {
        for (index, element) in list.enumerated() where (index + 1) * 8 <= count {
            storeBytes(of: Int64(element), toByteOffset: index * 8, as: Int64.self)
        }
    }
}

extension TensorData {
    /// The same elements laid out in another order; the shape stays as it was written.
    func laid(_ order: AxisOrder) throws(CNNOptError) -> TensorData {
        try permuted(AxisOrder.rowMajor(shape.count).strides(shape), order.strides(shape), shape: shape)
    }

    /// Axis k of the result is axis permutation[k].
    func transposed(_ permutation: [Int]) throws(CNNOptError) -> TensorData {
        let sizes = permutation.map { shape[$0] }
        let strides = AxisOrder.rowMajor(shape.count).strides(shape)
        let target = AxisOrder.rowMajor(sizes.count).strides(sizes)
        var result = try permuted(
            permutation.map { strides[$0] },
            target,
            sizes: sizes,
            shape: sizes
        )
        result = try result.reshaped(sizes)
        return result
    }

    private func permuted(_ from: [Int], _ to: [Int], sizes: [Int]? = nil, shape: [Int]) throws(CNNOptError)
        -> TensorData
    {
        let storage = try TensorStorage.allocate(byteCount: byteCount, zeroed: false)
        let walk = ck_walk(sizes ?? self.shape, from: from, to: to)
        let width = Int32(elementType.bitWidth / 8)
        try withBytes { (bytes) throws(CNNOptError) in
            guard let base = bytes.baseAddress else { return }
            withUnsafePointer(to: walk) { ck_copy(base, storage.base, width, $0, 1) }
        }
        return try TensorData(elementType: elementType, shape: shape, storage: storage)
    }
}
