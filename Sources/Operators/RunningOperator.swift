import GraphIR
import Tensors

/// An operator that joins the elements along an axis one after the other and gives every intermediate result: from the axis's
/// end where `reverse` is 1, each without its own element where `exclusive` is 1. The second input names the axis.
protocol RunningOperator: Operator {
    /// What the first element is joined to.
    static var start: Int64 { get }
    static func join(_ a: Double, _ b: Double) -> Double
    /// Results wrap, so that unsigned integers may be joined as signed ones.
    static func join(_ a: Int64, _ b: Int64) -> Int64
}

extension RunningOperator {
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
                return [try run(wide, axis, isExclusive, isReverse, Double(start)) { join($0, $1) }.cast(to: type)]
            }
            let wide = try input.cast(to: .int64)
            return [try run(wide, axis, isExclusive, isReverse, start) { join($0, $1) }.cast(to: type)]
        }
    }

    @inline(__always)
    private static func run<T: TensorScalar>(
        _ input: TensorData,
        _ axis: Int,
        _ isExclusive: Bool,
        _ isReverse: Bool,
        _ start: T,
        _ join: (T, T) -> T
    ) throws(CNNOptError) -> TensorData {
        let span = AxisSpan(input.shape, axis: axis)
        return try input.withElements(T.self) { (source) throws(CNNOptError) in
            try TensorData.make(T.self, shape: input.shape) { (target) throws(CNNOptError) in
                guard !target.isEmpty else { return }
                span.forEachRow { _, first in
                    var total = start
                    for i in 0..<span.count {
                        let place = first + (isReverse ? span.count - 1 - i : i) * span.inner
                        let joined = join(total, source[place])
                        target[place] = isExclusive ? total : joined
                        total = joined
                    }
                }
            }
        }
    }
}
