import Tensors

/// Places of single elements or blocks in a tensor laid out in rows, for operators whose indices say each place.
enum FlatPlaces {
    /// For every element of a tensor of `shape`, the place of the element at the same coordinates under `strides`.
    static func grid(_ shape: [Int], strides: [Int]) -> [Int] {
        if shape.contains(0) { return [] }
        var places = [0]
        for axis in shape.indices {
            var next: [Int] = []
            next.reserveCapacity(places.count * shape[axis])
            for place in places { for i in 0..<shape[axis] { next.append(place + i * strides[axis]) } }
            places = next
        }
        return places
    }

    /// The places that element-wise indices along one axis mean: coordinates are the index's own but for that axis.
    /// - Throws: `invalidModel` where shapes or indices do not fit the data.
    static func elements(
        _ indices: [Int],
        _ shape: [Int],
        axis: Int,
        of data: [Int]
    ) throws(CNNOptError) -> [Int] {
        guard shape.count == data.count,
            shape.indices.allSatisfy({ $0 == axis || shape[$0] <= data[$0] || indices.isEmpty })
        else { throw CNNOptError(.invalidModel, "indices of shape \(shape) do not fit data of shape \(data)") }
        var strides = rowMajorStrides(data)
        let step = strides[axis]
        strides[axis] = 0
        var places = grid(shape, strides: strides)
        for i in places.indices { places[i] += try index(indices[i], data[axis]) * step }
        return places
    }

    /// The places of the blocks that tuples of indices mean: each tuple names leading axes of the data, behind `batchAxes` axes
    /// that both share.
    /// - Returns: the places and the shape of one block.
    /// - Throws: `invalidModel` where shapes or indices do not fit the data.
    static func tuples(
        _ indices: [Int],
        _ shape: [Int],
        batchAxes: Int = 0,
        of data: [Int]
    ) throws(CNNOptError) -> (places: [Int], block: [Int]) {
        guard let length = shape.last, batchAxes >= 0, batchAxes < shape.count, batchAxes + length <= data.count,
            shape[..<batchAxes] == data[..<batchAxes]
        else { throw CNNOptError(.invalidModel, "indices of shape \(shape) do not fit data of shape \(data)") }
        let strides = rowMajorStrides(data)
        // Empty tuples take no memory, however many there are.
        guard let count = checkedProduct(shape.dropLast()), count <= MemoryBudget.largestAllocation / 64 else {
            throw CNNOptError(.invalidModel, "indices of shape \(shape) are too many")
        }
        let batches = max(1, checkedProduct(shape[..<batchAxes]) ?? 0)
        let batchStep = batchAxes == 0 ? 0 : strides[batchAxes - 1]
        var places: [Int] = []
        places.reserveCapacity(count)
        for tuple in 0..<count {
            var place = tuple / max(1, count / batches) * batchStep
            for k in 0..<length {
                place += try index(indices[tuple * length + k], data[batchAxes + k]) * strides[batchAxes + k]
            }
            places.append(place)
        }
        return (places, Array(data[(batchAxes + length)...]))
    }

    /// An index counted from the front.
    static func index(_ index: Int, _ size: Int) throws(CNNOptError) -> Int {
        guard index >= -size, index < size else {
            throw CNNOptError(.invalidModel, "index \(index) is outside an axis of \(size)")
        }
        return index < 0 ? index + size : index
    }

    /// The blocks of `block` elements at the places, one behind the other.
    static func pick(
        _ source: TensorData,
        _ places: [Int],
        block: Int = 1,
        shape: [Int]
    ) throws(CNNOptError) -> TensorData {
        try ElementMoving.run([source]) { (sources) throws(CNNOptError) in
            let width = sources[0].elementType.bitWidth / 8
            let result = try sources[0].withBytes { (bytes) throws(CNNOptError) in
                try TensorData.writing(sources[0].elementType, shape: shape) { (target) throws(CNNOptError) in
                    guard let base = bytes.baseAddress, checkedProduct(shape) ?? 0 > 0 else { return }
                    places.withUnsafeBufferPointer {
                        Blocks.copy(
                            target,
                            base,
                            places: $0,
                            unit: width,
                            size: block * width,
                            fill: base,
                            width: width
                        )
                    }
                }
            }
            return [result]
        }[0]
    }
}
