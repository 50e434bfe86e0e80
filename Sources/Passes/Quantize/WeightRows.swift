import Operators
import Tensors

/// A layer's weight as one row of numbers for each index along the axis that carries a scale, in the order in which integer
/// kernels add the products up: kernel positions first, input channels innermost.
package struct WeightRows: Sendable {
    package let rowCount: Int
    package let rowLength: Int
    /// Row after row.
    package private(set) var values: [Float]
    /// The index in the weight's own memory of each element of ``values``.
    let places: [Int]
    /// The input channel, within its group, of each element of a row.
    let inputChannels: [Int]
    /// For each row, the element of the row that comes next in the weight's own memory order.
    let memoryOrder: [Int]
    private let shape: [Int]

    /// - Returns: nil where the form's axes are not the weight's.
    package init?(_ weight: TensorData, form: LinearForm) throws(CNNOptError) {
        let shape = weight.shape
        guard shape.count >= 2, shape.indices.contains(form.weightOutputAxis),
            shape.indices.contains(form.weightInputAxis), form.weightOutputAxis != form.weightInputAxis,
            weight.count > 0
        else { return nil }
        let rest = shape.indices.filter { $0 != form.weightOutputAxis && $0 != form.weightInputAxis }
        let axes = rest + [form.weightInputAxis]
        let strides = rowMajorStrides(shape)
        var offsets = [0]
        var channels = [0]
        for axis in axes {
            let isInput = axis == form.weightInputAxis
            var (next, nextChannels): ([Int], [Int]) = ([], [])
            next.reserveCapacity(offsets.count * shape[axis])
            for (position, offset) in offsets.enumerated() {
                for index in 0..<shape[axis] {
                    next.append(offset + index * strides[axis])
                    nextChannels.append(isInput ? index : channels[position])
                }
            }
            (offsets, channels) = (next, nextChannels)
        }
        self.shape = shape
        rowCount = shape[form.weightOutputAxis]
        rowLength = offsets.count
        inputChannels = channels
        memoryOrder = offsets.indices.sorted { offsets[$0] < offsets[$1] }
        let step = strides[form.weightOutputAxis]
        places = (0..<rowCount).flatMap { row in offsets.map { $0 + row * step } }
        let elements = try weight.array(of: Float.self)
        values = places.map { elements[$0] }
    }

    /// The elements of a row.
    func row(_ index: Int) -> ArraySlice<Float> { values[index * rowLength..<(index + 1) * rowLength] }

    /// Codes, row after row, as a tensor of the weight's shape.
    func tensor(_ codes: [Int8]) throws(CNNOptError) -> TensorData {
        try TensorData.make(Int8.self, shape: shape) { (target) throws(CNNOptError) in
            for (place, code) in zip(places, codes) { target[place] = code }
        }
    }

    /// The numbers that codes stand for, as a tensor of the weight's shape.
    func tensor(_ codes: [Int8], scales: [Float]) throws(CNNOptError) -> TensorData {
        try TensorData.make(Float.self, shape: shape) { (target) throws(CNNOptError) in
            for (index, place) in places.enumerated() {
                target[place] = Float(codes[index]) * scales[scales.count == 1 ? 0 : index / rowLength]
            }
        }
    }
}
