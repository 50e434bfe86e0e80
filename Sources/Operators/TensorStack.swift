import GraphIR
import Tensors

/// Tensors of one type and shape, put together along a new axis as they come.
struct TensorStack: Sendable {
    private(set) var count = 0
    private var elementType: ElementType?
    private var itemShape: [Int] = []
    /// The items' bytes one behind the other, one byte for each element of types under 8 bits.
    private var bytes: [UInt8] = []
    private var strings: [[UInt8]] = []

    /// Bytes that the items take.
    var byteCount: Int { bytes.count + strings.count * 16 }

    /// - Throws: `invalidModel` where type or shape differ from those before.
    mutating func append(_ item: TensorData) throws(CNNOptError) {
        if let elementType {
            guard elementType == item.elementType, itemShape == item.shape else {
                throw CNNOptError(
                    .invalidModel,
                    "an output collected over trips is \(elementType.onnxName)\(itemShape) on one and "
                        + "\(item.elementType.onnxName)\(item.shape) on another"
                )
            }
        } else {
            (elementType, itemShape) = (item.elementType, item.shape)
        }
        count += 1
        if let own = item.strings {
            strings += own
        } else {
            let units = item.elementType.bitWidth < 8 ? try item.unpackedUnits() : item
            try units.withBytes { (source) throws(CNNOptError) in bytes.append(contentsOf: source) }
        }
    }

    /// The items along an axis of the result; where there are none, the empty tensor of their expected type, whose unknown
    /// sizes count as 0.
    func joined(along axis: Int = 0, reversed: Bool = false, expected: TensorType) throws(CNNOptError) -> TensorData {
        let item = elementType == nil ? expected.shape?.map { $0.size ?? 0 } ?? [] : itemShape
        let axis = try AxisNumbers.normalized(axis, rank: item.count + 1)
        let stacked = try joined([count] + item, expected)
        guard axis != 0 || reversed else { return stacked }
        var order = Array(1..<max(stacked.shape.count, 1))
        order.insert(0, at: axis)
        let strides = rowMajorStrides(stacked.shape)
        let axes = order.map { source in
            let (step, size) = (strides[source], stacked.shape[source])
            return source == 0 && reversed && size > 0
                ? IndexedCopy.Axis.strided(start: (size - 1) * step, step: -step, count: size)
                : IndexedCopy.Axis.strided(start: 0, step: step, count: size)
        }
        return try IndexedCopy(axes: axes).run(stacked, threads: 1)
    }

    private func joined(_ shape: [Int], _ expected: TensorType) throws(CNNOptError) -> TensorData {
        guard let type = elementType ?? expected.elementType else {
            throw CNNOptError(.unsupported, "the element type of an output that no trip computes is not known")
        }
        guard count > 0 else { return try TensorData(zeros: type, shape: shape) }
        if type == .string { return try TensorData(strings: strings, shape: shape) }
        let stored = type.bitWidth < 8 ? ElementType.uint8 : type
        let result = try TensorData.writing(stored, shape: shape) { (target) throws(CNNOptError) in
            bytes.withUnsafeBytes { source in
                if let base = source.baseAddress { target.copyMemory(from: base, byteCount: source.count) }
            }
        }
        return type.bitWidth < 8 ? try TensorData.packing(result, as: type) : result
    }
}

extension [TensorStack] {
    /// Adds one trip's outputs, as many as there are stacks.
    mutating func append(_ items: ArraySlice<TensorData>) throws(CNNOptError) {
        for (index, item) in zip(indices, items) { try self[index].append(item) }
    }
}
