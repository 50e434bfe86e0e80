import GraphIR
import Tensors

/// The parts of a tensor at each index of one axis.
struct TensorSlices: Sendable {
    let count: Int
    let itemShape: [Int]
    private let elementType: ElementType
    private let itemCount: Int
    /// The axis in front, types under 8 bits unpacked.
    private let source: TensorData

    init(_ tensor: TensorData, axis: Int) throws(CNNOptError) {
        let axis = try AxisNumbers.normalized(axis, rank: tensor.shape.count)
        var rest = Array(tensor.shape.indices)
        rest.remove(at: axis)
        let moved =
            axis == 0
            ? tensor : try IndexedCopy(tensor.shape, permutation: [axis] + rest).run(tensor, threads: 1)
        count = tensor.shape[axis]
        itemShape = rest.map { tensor.shape[$0] }
        elementType = tensor.elementType
        itemCount = checkedProduct(itemShape) ?? 0
        source = elementType.bitWidth < 8 && elementType != .string ? try moved.unpackedUnits() : moved
    }

    /// - Parameter index: below ``count``.
    func slice(_ index: Int) throws(CNNOptError) -> TensorData {
        let range = index * itemCount..<(index + 1) * itemCount
        if let strings = source.strings { return try TensorData(strings: Array(strings[range]), shape: itemShape) }
        let width = source.elementType.bitWidth / 8
        guard let part = source.storage?.slice(offset: range.lowerBound * width, byteCount: range.count * width) else {
            throw CNNOptError(.internalFault, "a slice lies outside its tensor")
        }
        let units = try TensorData(elementType: source.elementType, shape: itemShape, storage: part)
        return elementType.bitWidth < 8 ? try TensorData.packing(units, as: elementType) : units
    }
}
