import GraphIR
import Tensors

/// Running sums along the axis that the second input names, from its end where `reverse` is 1, each without its own element
/// where `exclusive` is 1.
enum CumSum: Operator {
    static let schema = OperatorSchema("CumSum", versions: [11, 14], inputs: 2...2)

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] { [site.type(0)] }

    /// The other axes belong to the same axes of the output; along its own, elements flow into each other.
    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        guard let shape = site.shape(0) else { return .barrier("the rank of its input is unknown") }
        guard let named = site.integers(1)?.first else { return .barrier("the axis that it runs along is computed") }
        let pinned = try site.normalizedAxis(named, rank: shape.count)
        var coupling = ChannelCoupling.identity(site)
        coupling.links.removeAll { $0.from.axis == pinned }
        return coupling
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let isExclusive = try site.int("exclusive", default: 0) != 0
        let isReverse = try site.int("reverse", default: 0) != 0
        return ReferenceKernel { (inputs, _) throws(CNNOptError) in
            let input = try inputs.required(0)
            guard let named = try inputs.required(1).integers()?.first else {
                throw CNNOptError(.invalidModel, "the axis is no integer")
            }
            let axis = try site.normalizedAxis(named, rank: input.shape.count)
            let type = input.elementType
            if type.isFloat {
                let wide = try input.cast(to: .float64)
                return [try sum(Double.self, wide, axis, isExclusive, isReverse, +).cast(to: type)]
            }
            // Sums wrap, so that unsigned integers may be added as signed ones.
            let wide = try input.cast(to: .int64)
            return [try sum(Int64.self, wide, axis, isExclusive, isReverse, &+).cast(to: type)]
        }
    }

    @inline(__always)
    private static func sum<T: TensorScalar & Numeric>(
        _ type: T.Type,
        _ input: TensorData,
        _ axis: Int,
        _ isExclusive: Bool,
        _ isReverse: Bool,
        _ add: (T, T) -> T
    ) throws(CNNOptError) -> TensorData {
        let span = AxisSpan(input.shape, axis: axis)
        return try input.withElements(T.self) { (source) throws(CNNOptError) in
            try TensorData.make(T.self, shape: input.shape) { (target) throws(CNNOptError) in
                guard !target.isEmpty else { return }
                span.forEachRow { _, first in
                    var total: T = 0
                    for i in 0..<span.count {
                        let place = first + (isReverse ? span.count - 1 - i : i) * span.inner
                        let x = source[place]
                        target[place] = isExclusive ? total : add(total, x)
                        total = add(total, x)
                    }
                }
            }
        }
    }
}
