import GraphIR
import Tensors

/// An operator that joins the elements along some axes: those of the attribute `axes`, or of the second input in later
/// operator sets; along all where none are named.
package protocol ReductionOperator: Operator {
    static var kind: ReductionKind { get }
    /// The first operator set in which the axes are an input.
    static var axesInputVersion: Int { get }
}

extension ReductionOperator {
    package static var axesInputVersion: Int { 18 }

    /// The axes as far as they are known before the network runs.
    private static func axes(_ site: OperatorSite) throws(CNNOptError) -> [Int]? {
        if site.opset < axesInputVersion { return try site.ints("axes") ?? [] }
        return site.has(1) ? site.integers(1) : []
    }

    /// The axes that are reduced, counted from the front.
    private static func reduced(_ axes: [Int], rank: Int, _ site: OperatorSite) throws(CNNOptError) -> Set<Int> {
        if axes.isEmpty {
            guard site.opset >= axesInputVersion, try site.int("noop_with_empty_axes", default: 0) != 0 else {
                return Set(0..<rank)
            }
            return []
        }
        var result: Set<Int> = []
        for axis in axes {
            guard result.insert(try site.normalizedAxis(axis, rank: rank)).inserted else {
                throw site.failure(.invalidModel, "axis \(axis) is named twice")
            }
        }
        return result
    }

    /// How many axes are reduced, where those are the last ones and stay with size 1; nil otherwise.
    static func keptLastAxes(_ site: OperatorSite) throws(CNNOptError) -> Int? {
        guard try site.int("keepdims", default: 1) != 0, let rank = site.shape(0)?.count, let named = try axes(site)
        else { return nil }
        let reduced = try reduced(named, rank: rank, site)
        return !reduced.isEmpty && reduced == Set(rank - reduced.count..<rank) ? reduced.count : nil
    }

    package static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        if site.opset < axesInputVersion { try site.checkNoInputs(from: 1) }
        let type = site.elementType(0)
        guard let shape = site.shape(0) else { return [TensorType(type, nil)] }
        let keepsAxes = try site.int("keepdims", default: 1) != 0
        guard let named = try axes(site) else {
            return [TensorType(type, keepsAxes ? Shape(repeating: .unknown, count: shape.count) : nil)]
        }
        let axes = try reduced(named, rank: shape.count, site)
        return [
            TensorType(type, shape.indices.compactMap { axes.contains($0) ? (keepsAxes ? .known(1) : nil) : shape[$0] })
        ]
    }

    package static func reordered(_ site: OperatorSite, by order: AxisOrder) throws(CNNOptError) -> ReorderedNode? {
        guard let named = try axes(site), let shape = site.shape(0), shape.count == order.rank else { return nil }
        let axes = try reduced(named, rank: order.rank, site)
        let moved = axes.map { order.places[$0] }.sorted()
        var node = ReorderedNode()
        if !named.isEmpty {
            node.edit =
                site.opset < axesInputVersion
                ? NodeEdit(attributes: [Attribute("axes", moved)])
                : NodeEdit(constants: [1: try TensorData(moved.map(Int64.init))])
        }
        if try site.int("keepdims", default: 1) != 0 { return node }
        // The axes that are left may have kept their order.
        let left = shape.indices.filter { !axes.contains($0) }.map { order.places[$0] }
        node.movesOutputs = false
        return left == left.sorted() ? node : nil
    }

    package static func inferElements(_ site: OperatorSite) throws(CNNOptError) -> [ShapeElements?] {
        guard let elements = site.shapeElements(0), !elements.isScalar, let named = try axes(site),
            let values = elements.elements.knownValues, let type = site.elementType(0), type.isInteger,
            try !reduced(named, rank: 1, site).isEmpty, let joined = kind.joined(values)
        else { return [] }
        guard type == .int64 || Int32(exactly: joined) != nil else { return [] }
        return [ShapeElements([.known(joined)], isScalar: try site.int("keepdims", default: 1) == 0)]
    }

    /// Of a sum or a mean: the gradient goes to all elements that were joined.
    package static func gradient(_ site: OperatorSite, _ fragment: inout GradientFragment) throws(CNNOptError) {
        guard fragment.wants(0), kind == .sum || kind == .mean, let named = try axes(site) else { return }
        let shape = try fragment.inputSizes(0)
        let axes = try reduced(named, rank: shape.count, site)
        let kept = shape.indices.map { axes.contains($0) ? 1 : shape[$0] }
        let joined = axes.reduce(1) { $0 * shape[$1] }
        var gradient = try fragment.gradient()
        if try fragment.outputSizes() != kept { gradient = try fragment.reshaped(gradient, kept) }
        let share = kind == .mean ? 1 / Double(max(1, joined)) : 1
        fragment.set(try fragment.spread(gradient, from: kept, to: shape, times: share), for: 0)
    }

    /// Kept axes belong to the same axes of the output. Of a sum, channels may also be left out; a mean or maximum would change.
    package static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        guard let shape = site.shape(0) else { return .barrier("the rank of its input is unknown") }
        guard let named = try axes(site) else { return .barrier("the axes that it reduces are computed") }
        let axes = try reduced(named, rank: shape.count, site)
        let keepsAxes = try site.int("keepdims", default: 1) != 0
        var coupling = ChannelCoupling()
        var target = 0
        for axis in shape.indices {
            if axes.contains(axis) {
                if kind.ignoresZeros { coupling.free.append(.init(.input(0), axis)) }
                target += keepsAxes ? 1 : 0
            } else {
                if let size = shape[axis].size {
                    coupling.links.append(.init(.init(.input(0), axis), .init(.output(0), target), count: size))
                }
                target += 1
            }
        }
        return coupling
    }

    /// A mean over the axes behind the channels is a global average.
    package static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation? {
        guard kind == .mean, let rank = site.shape(0)?.count, rank > 2, let named = try axes(site),
            try reduced(named, rank: rank, site) == Set(2..<rank)
        else { return nil }
        return .globalAverage
    }

    package static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let keepsAxes = try site.int("keepdims", default: 1) != 0
        let attribute: [Int]? = if site.opset < axesInputVersion { try site.ints("axes") ?? [] } else { nil }
        return ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            let input = try inputs.required(0)
            var named = attribute ?? []
            if attribute == nil, let tensor = inputs.optional(1) {
                guard let axes = tensor.integers() else {
                    throw CNNOptError(.invalidModel, "the axes are \(tensor.elementType.onnxName), not int64")
                }
                named = axes
            }
            let axes = try reduced(named, rank: input.shape.count, site)
            let reduction = Reduction(input.shape, axes: axes, keepsAxes: keepsAxes)
            return [try kind.apply(input, reduction, threads: threads)]
        }
    }

    package static func upgraded(_ site: OperatorSite, to opset: Int) throws(CNNOptError) -> OperatorRewrite? {
        guard site.opset < axesInputVersion, opset >= axesInputVersion, let axes = try site.ints("axes") else {
            return nil
        }
        let attributes = site.node.attributes.filter { $0.name != "axes" }
        let inputs: [OperatorRewrite.Operand?] =
            axes.isEmpty ? [.input(0)] : [.input(0), .constant(try TensorData(axes.map(Int64.init)), stem: "axes")]
        return OperatorRewrite([OperatorRewrite.Step(site.node.operatorType, inputs, attributes: attributes)])
    }
}
