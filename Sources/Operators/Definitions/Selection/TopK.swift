import GraphIR
import Tensors

/// The k largest (or smallest) elements along an axis, best first, and their indices; of equal ones the first. k is an
/// attribute below version 10, the second input from there on.
enum TopK: Operator {
    static let schema = OperatorSchema("TopK", versions: [1, 10, 11, 24], inputs: 1...2, outputs: 2...2)

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        if site.opset < 10 { try site.checkNoInputs(from: 1) }
        guard var shape = site.shape(0) else {
            return [TensorType(site.elementType(0), nil), TensorType(.int64, nil)]
        }
        let axis = try site.normalizedAxis(site.int("axis", default: -1), rank: shape.count)
        let k = site.opset < 10 ? try site.int("k") : site.integers(1)?.first
        shape[axis] = k.map(Dimension.known) ?? .unknown
        return [TensorType(site.elementType(0), shape), TensorType(.int64, shape)]
    }

    /// The other axes belong to the same axes of both outputs; along its own, elements change places.
    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        guard let shape = site.shape(0) else { return .barrier("the rank of its input is unknown") }
        let pinned = try site.normalizedAxis(site.int("axis", default: -1), rank: shape.count)
        var coupling = ChannelCoupling()
        for axis in shape.indices where axis != pinned {
            guard let size = shape[axis].size else { continue }
            for port in 0..<2 {
                coupling.links.append(.init(.init(.input(0), axis), .init(.output(port), axis), count: size))
            }
        }
        return coupling
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let named = try site.int("axis", default: -1)
        let takesLargest = try site.int("largest", default: 1) != 0
        let attribute = site.opset < 10 ? try site.int("k") : nil
        return ReferenceKernel { (inputs, _) throws(CNNOptError) in
            let input = try inputs.required(0)
            let axis = try site.normalizedAxis(named, rank: input.shape.count)
            let stored = if let attribute { attribute } else { try inputs.required(1).integers()?.first }
            guard let k = stored, k >= 0, k <= input.shape[axis] else {
                let wanted = stored.map(String.init) ?? "no number"
                throw CNNOptError(.invalidData, "k is \(wanted), but axis \(axis) has \(input.shape[axis]) elements")
            }
            let type = input.elementType
            switch type {
            case .float64: return try select(Double.self, input, axis, k, takesLargest)
            case .float32: return try select(Float.self, input, axis, k, takesLargest)
            case .uint64: return try select(UInt64.self, input, axis, k, takesLargest)
            default:
                let wide = type.isFloat ? try input.cast(to: .float32) : try input.cast(to: .int64)
                let found =
                    type.isFloat
                    ? try select(Float.self, wide, axis, k, takesLargest)
                    : try select(Int64.self, wide, axis, k, takesLargest)
                return [try found[0].cast(to: type), found[1]]
            }
        }
    }

    static func upgraded(_ site: OperatorSite, to opset: Int) throws(CNNOptError) -> OperatorRewrite? {
        guard site.opset < 10, opset >= 10 else { return nil }
        guard let k = try site.int("k") else { throw site.failure(.invalidModel, "attribute 'k' is missing") }
        let attributes = site.node.attributes.filter { $0.name != "k" }
        let count = OperatorRewrite.Operand.constant(try TensorData([Int64(k)]), stem: "k")
        return OperatorRewrite([
            OperatorRewrite.Step("TopK", [.input(0), count], outputCount: 2, attributes: attributes)
        ])
    }

    private static func select<T: TensorScalar & Comparable>(
        _ type: T.Type,
        _ input: TensorData,
        _ axis: Int,
        _ k: Int,
        _ takesLargest: Bool
    ) throws(CNNOptError) -> [TensorData] {
        var shape = input.shape
        shape[axis] = k
        var values = try TensorData(zeros: input.elementType, shape: shape)
        var indices = try TensorData(zeros: .int64, shape: shape)
        guard values.count > 0 else { return [values, indices] }
        let span = AxisSpan(input.shape, axis: axis)
        // NaN, which differs from itself, is larger than every number.
        func isLarger(_ a: T, _ b: T) -> Bool { a != a ? b == b : a > b }
        try input.withElements(T.self) { (source) throws(CNNOptError) in
            try values.withMutableElements(T.self) { (values) throws(CNNOptError) in
                try indices.withMutableElements(Int64.self) { (indices) throws(CNNOptError) in
                    var order: [(value: T, index: Int)] = []
                    order.reserveCapacity(span.count)
                    span.forEachRow { row, first in
                        order.removeAll(keepingCapacity: true)
                        for i in 0..<span.count { order.append((source[first + i * span.inner], i)) }
                        order.sort { a, b in
                            let wins = takesLargest ? isLarger(a.value, b.value) : isLarger(b.value, a.value)
                            let loses = takesLargest ? isLarger(b.value, a.value) : isLarger(a.value, b.value)
                            return wins || (!loses && a.index < b.index)
                        }
                        let (outer, inner) = row.quotientAndRemainder(dividingBy: span.inner)
                        for i in 0..<k {
                            let place = (outer * k + i) * span.inner + inner
                            values[place] = order[i].value
                            indices[place] = Int64(order[i].index)
                        }
                    }
                }
            }
        }
        return [values, indices]
    }
}
