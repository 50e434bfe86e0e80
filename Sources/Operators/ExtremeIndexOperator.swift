import GraphIR
import Tensors

/// An operator that tells where along an axis the largest or smallest element lies; the first NaN counts as such.
package protocol ExtremeIndexOperator: Operator {
    static var findsLargest: Bool { get }
}

extension ExtremeIndexOperator {
    package static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        guard var shape = site.shape(0) else { return [TensorType(.int64, nil)] }
        let axis = try site.normalizedAxis(site.int("axis", default: 0), rank: shape.count)
        if try site.int("keepdims", default: 1) != 0 { shape[axis] = 1 } else { shape.remove(at: axis) }
        return [TensorType(.int64, shape)]
    }

    /// The other axes belong to the same axes of the output; along its own an index would change its meaning.
    package static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        guard let shape = site.shape(0) else { return .barrier("the rank of its input is unknown") }
        let pinned = try site.normalizedAxis(site.int("axis", default: 0), rank: shape.count)
        let keepsAxis = try site.int("keepdims", default: 1) != 0
        var coupling = ChannelCoupling()
        for axis in shape.indices where axis != pinned {
            guard let size = shape[axis].size else { continue }
            let target = axis > pinned && !keepsAxis ? axis - 1 : axis
            coupling.links.append(.init(.init(.input(0), axis), .init(.output(0), target), count: size))
        }
        return coupling
    }

    package static func reordered(_ site: OperatorSite, by order: AxisOrder) throws(CNNOptError) -> ReorderedNode? {
        let axis = try site.normalizedAxis(site.int("axis", default: 0), rank: order.rank)
        var node = try ReorderedNode.axis(axis, site, order)
        guard try site.int("keepdims", default: 1) == 0 else { return node }
        // The axes that are left may have kept their order.
        let left = (0..<order.rank).filter { $0 != axis }.map { order.places[$0] }
        node.movesOutputs = false
        return left == left.sorted() ? node : nil
    }

    package static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let named = try site.int("axis", default: 0)
        let keepsAxis = try site.int("keepdims", default: 1) != 0
        let takesLast = try site.int("select_last_index", default: 0) != 0
        return ReferenceKernel { (inputs, _) throws(CNNOptError) in
            let input = try inputs.required(0)
            let axis = try site.normalizedAxis(named, rank: input.shape.count)
            var shape = input.shape
            if keepsAxis { shape[axis] = 1 } else { shape.remove(at: axis) }
            let span = AxisSpan(input.shape, axis: axis)
            switch input.elementType {
            case .float64: return [try find(Double.self, input, span, shape, takesLast)]
            case .float32: return [try find(Float.self, input, span, shape, takesLast)]
            case .float16, .bfloat16: return [try find(Float.self, input.cast(to: .float32), span, shape, takesLast)]
            case .uint64: return [try find(UInt64.self, input, span, shape, takesLast)]
            default: return [try find(Int64.self, input.cast(to: .int64), span, shape, takesLast)]
            }
        }
    }

    private static func find<T: TensorScalar & Comparable>(
        _ type: T.Type,
        _ input: TensorData,
        _ span: AxisSpan,
        _ shape: [Int],
        _ takesLast: Bool
    ) throws(CNNOptError) -> TensorData {
        let largest = findsLargest
        return try input.withElements(T.self) { (source) throws(CNNOptError) in
            try TensorData.make(Int64.self, shape: shape) { (target) throws(CNNOptError) in
                guard !target.isEmpty else { return }
                guard span.count > 0 else {
                    throw CNNOptError(.invalidData, "an axis of size 0 has no largest or smallest element")
                }
                span.forEachRow { row, first in
                    var (best, place) = (source[first], 0)
                    for i in 1..<max(span.count, 1) {
                        let x = source[first + i * span.inner]
                        // A NaN differs from itself and beats every number.
                        let wins =
                            x != x ? (takesLast || best == best) : largest ? x > best : x < best
                        if wins || (takesLast && x == best) { (best, place) = (x, i) }
                    }
                    target[row] = Int64(place)
                }
            }
        }
    }
}
