import GraphIR
import Tensors

/// The second input's elements where the first, a bool, holds, else the third's; all three broadcast.
enum Where: Operator {
    static let schema = OperatorSchema("Where", versions: [9, 16], inputs: 3...3)
    static var traits: OperatorTraits { [.elementwise, .broadcasts] }

    static func reordered(_ site: OperatorSite, by order: AxisOrder) throws(CNNOptError) -> ReorderedNode? {
        .broadcast(site)
    }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        let shape = try Broadcasting.shape([site.shape(0), site.shape(1), site.shape(2)])
        return [TensorType(site.elementType(1) ?? site.elementType(2), shape)]
    }

    static func inferElements(_ site: OperatorSite) throws(CNNOptError) -> [ShapeElements?] {
        guard let condition = site.shapeElements(0), let a = site.shapeElements(1), let b = site.shapeElements(2) else {
            return []
        }
        let counts = [condition, a, b].map(\.elements.count)
        let count = counts.first { $0 != 1 } ?? 1
        guard counts.allSatisfy({ $0 == 1 || $0 == count }) else { return [] }
        func element(_ of: ShapeElements, _ index: Int) -> Dimension { of.elements[of.elements.count == 1 ? 0 : index] }
        let elements = (0..<count).map { i -> Dimension in
            switch (element(condition, i), element(a, i), element(b, i)) {
            case (.known(0), _, let y): y
            case (.known, let x, _): x
            case (_, let x, let y): x == y ? x : .unknown
            }
        }
        return [ShapeElements(elements, isScalar: condition.isScalar && a.isScalar && b.isScalar)]
    }

    /// What a stored condition of one answer picks, where its shape is the output's.
    static func forwardedInput(_ site: OperatorSite) throws(CNNOptError) -> Int? {
        guard let condition = site.constant(0), condition.elementType == .bool, condition.count > 0 else { return nil }
        let picked = try condition.withElements(UInt8.self) { (flags) throws(CNNOptError) -> Int? in
            let isTrue = flags[0] != 0
            return flags.allSatisfy { ($0 != 0) == isTrue } ? (isTrue ? 1 : 2) : nil
        }
        guard let picked, site.hasSameShape(picked) else { return nil }
        return picked
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling { try .broadcast(site) }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        ReferenceKernel { (inputs, _) throws(CNNOptError) in
            let condition = try inputs.required(0)
            let (a, b) = (try inputs.required(1), try inputs.required(2))
            guard condition.elementType == .bool else {
                throw CNNOptError(.invalidModel, "the condition is \(condition.elementType.onnxName), not bool")
            }
            guard a.elementType == b.elementType else {
                throw CNNOptError(
                    .invalidModel,
                    "element types \(a.elementType.onnxName) and \(b.elementType.onnxName) differ"
                )
            }
            return [try select(condition, a, b)]
        }
    }

    private static func select(_ condition: TensorData, _ a: TensorData, _ b: TensorData) throws(CNNOptError)
        -> TensorData
    {
        let shape = try Broadcasting.shape([condition.shape, a.shape, b.shape])
        _ = try TensorData.byteCount(a.elementType, shape)
        let walk = RowWalk(shape, [condition.shape, a.shape, b.shape])
        if let left = a.strings, let right = b.strings {
            return try condition.withElements(UInt8.self) { (flags) throws(CNNOptError) in
                var result: [[UInt8]] = []
                walk.forEachRow { _, offsets, steps, count in
                    for i in 0..<count {
                        let holds = flags[offsets[0] + i * steps[0]] != 0
                        result.append(holds ? left[offsets[1] + i * steps[1]] : right[offsets[2] + i * steps[2]])
                    }
                }
                return try TensorData(strings: result, shape: shape)
            }
        }
        return switch a.elementType.bitWidth {
        case 8: try select(condition, a, b, shape, walk, UInt8.self)
        case 16: try select(condition, a, b, shape, walk, UInt16.self)
        case 32: try select(condition, a, b, shape, walk, UInt32.self)
        case 64: try select(condition, a, b, shape, walk, UInt64.self)
        default: throw CNNOptError(.unsupported, "element type \(a.elementType.onnxName)")
        }
    }

    private static func select<T: BitwiseCopyable>(
        _ condition: TensorData,
        _ a: TensorData,
        _ b: TensorData,
        _ shape: [Int],
        _ walk: RowWalk,
        _ type: T.Type
    ) throws(CNNOptError) -> TensorData {
        var result = try TensorData(zeros: a.elementType, shape: shape)
        try condition.withElements(UInt8.self) { (flags) throws(CNNOptError) in
            try a.withBytes { (left) throws(CNNOptError) in
                try b.withBytes { (right) throws(CNNOptError) in
                    try result.withMutableBytes { (target) throws(CNNOptError) in
                        let (l, r) = (left.assumingMemoryBound(to: T.self), right.assumingMemoryBound(to: T.self))
                        let out = target.assumingMemoryBound(to: T.self)
                        walk.forEachRow { start, offsets, steps, count in
                            let (c, x, y) = (offsets[0], offsets[1], offsets[2])
                            let (cs, xs, ys) = (steps[0], steps[1], steps[2])
                            for i in 0..<count {
                                out[start + i] = flags[c + i * cs] != 0 ? l[x + i * xs] : r[y + i * ys]
                            }
                        }
                    }
                }
            }
        }
        return result
    }
}
