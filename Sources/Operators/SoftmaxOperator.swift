import GraphIR
import Tensors

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What is done to each row.
enum SoftmaxRule: Sendable {
    case softmax, logSoftmax, hardmax
}

/// An operator that normalises rows along an axis; before operator set 13 the input counts as a matrix whose rows are all
/// axes from that one on.
protocol SoftmaxOperator: Operator {
    static var rule: SoftmaxRule { get }
}

extension SoftmaxOperator {
    static func gradient(_ site: OperatorSite, _ fragment: inout GradientFragment) throws(CNNOptError) {
        guard fragment.wants(0), case .softmax(let axis, let isLogarithm)? = try computation(site) else { return }
        let gradient = try fragment.gradient()
        let axes = try fragment.integers([axis])
        if isLogarithm {
            let sums = fragment.add("ReduceSum", [gradient, axes])
            let shares = fragment.add("Exp", [.output(0)])
            return fragment.set(fragment.difference(gradient, fragment.product(shares, sums)), for: 0)
        }
        let sums = fragment.add("ReduceSum", [fragment.product(gradient, .output(0)), axes])
        fragment.set(fragment.product(.output(0), fragment.difference(gradient, sums)), for: 0)
    }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        if let rank = site.shape(0)?.count { _ = try axis(site, rank: rank) }
        return [site.type(0)]
    }

    static func reordered(_ site: OperatorSite, by order: AxisOrder) throws(CNNOptError) -> ReorderedNode? {
        let axis = try axis(site, rank: order.rank)
        if !flattens(site) { return try .axis(axis, site, order) }
        // Rows of several axes stay rows where one of them alone is longer than 1, and axes of size 1 alone come behind it.
        guard let shape = site.shape(0), axis < order.rank else { return nil }
        let long = shape.indices.filter { $0 >= axis && shape[$0] != .known(1) }
        guard long.count == 1, order.moved(shape)[(order.places[long[0]] + 1)...].allSatisfy({ $0 == .known(1) }) else {
            return nil
        }
        return try .axis(long[0], site, order)
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let rule = rule
        return ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            try HalfPrecision.widening(inputs) { (inputs) throws(CNNOptError) in
                let x = try inputs.required(0)
                let axis = try axis(site, rank: x.shape.count)
                let rows =
                    x.shape.isEmpty
                    ? Rows(outer: 1, length: 1, inner: 1)
                    : Rows(
                        outer: x.shape[..<axis].reduce(1, *),
                        length: flattens(site) ? x.shape[axis...].reduce(1, *) : x.shape[axis],
                        inner: flattens(site) ? 1 : x.shape[(axis + 1)...].reduce(1, *)
                    )
                switch x.elementType {
                case .float32: return [try rows.normalize(Float.self, x, rule, threads)]
                case .float64: return [try rows.normalize(Double.self, x, rule, threads)]
                default: throw CNNOptError(.unsupported, "element type \(x.elementType.onnxName)")
                }
            }
        }
    }

    /// Flattened rows count where one of their axes alone is longer than 1.
    static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation? {
        guard rule != .hardmax, let shape = site.type(0).sizes, !shape.isEmpty else { return nil }
        let axis = try axis(site, rank: shape.count)
        let long = shape.indices.filter { $0 >= axis && shape[$0] != 1 }
        guard !flattens(site) || long.count <= 1, axis < shape.count else { return nil }
        return .softmax(axis: flattens(site) ? long.first ?? axis : axis, isLogarithm: rule == .logSoftmax)
    }

    /// Axes that the rows do not run along keep their channels.
    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        guard let rank = site.shape(0)?.count else { return .barrier("the rank of its input is unknown") }
        let axis = try axis(site, rank: rank)
        var coupling = ChannelCoupling.identity(site)
        coupling.links.removeAll { flattens(site) ? $0.from.axis >= axis : $0.from.axis == axis }
        return coupling
    }

    static func upgraded(_ site: OperatorSite, to opset: Int) throws(CNNOptError) -> OperatorRewrite? {
        guard flattens(site), opset >= 13 else { return nil }
        let type = schema.name.type
        if let shape = site.shape(0) {
            let axis = try axis(site, rank: shape.count)
            let long = shape.indices.filter { $0 >= axis && shape[$0] != .known(1) }
            // One axis at most is longer than 1: the same rows in both meanings.
            if long.count <= 1, axis < shape.count {
                let only = long.first ?? axis
                return OperatorRewrite([.init(type, [.input(0)], attributes: [Attribute("axis", only)])])
            }
        }
        return OperatorRewrite([
            .init("Flatten", [.input(0)], attributes: [Attribute("axis", try site.int("axis", default: 1))]),
            .init(type, [.step(0)], attributes: [Attribute("axis", -1)]),
            .init("Shape", [.input(0)]),
            .init("Reshape", [.step(1), .step(2)]),
        ])
    }

    private static func flattens(_ site: OperatorSite) -> Bool { site.opset < 13 }

    private static func axis(_ site: OperatorSite, rank: Int) throws(CNNOptError) -> Int {
        let axis = try site.int("axis", default: flattens(site) ? 1 : -1)
        if rank == 0 { return 0 }
        // A vector has no axis 1; the matrix it counts as then has rows of one element.
        if flattens(site), axis == rank { return rank }
        return try site.normalizedAxis(axis, rank: rank)
    }
}

/// Rows of `length` elements, `inner` apart.
private struct Rows: Sendable {
    let outer: Int
    let length: Int
    let inner: Int

    func normalize<T: TensorScalar & BinaryFloatingPoint>(
        _ type: T.Type,
        _ x: TensorData,
        _ rule: SoftmaxRule,
        _ threads: Int
    ) throws(CNNOptError) -> TensorData {
        try x.withElements(T.self) { (source) throws(CNNOptError) in
            try TensorData.make(T.self, shape: x.shape) { (target) throws(CNNOptError) in
                guard let x = source.baseAddress, let y = target.baseAddress, length > 0 else { return }
                let (from, to) = (SharedReadPointer(x), SharedPointer(y))
                parallelFor(outer * inner, threads: source.count < 1 << 13 ? 1 : threads) { range in
                    for row in range {
                        let start = row / inner * length * inner + row % inner
                        let (source, target) = (from.base + start, to.base + start)
                        var (largest, place) = (source[0], 0)
                        for i in 0..<length where source[i &* inner] > largest {
                            (largest, place) = (source[i &* inner], i)
                        }
                        if rule == .hardmax {
                            target[place * inner] = 1
                            continue
                        }
                        var sum: T = 0
                        for i in 0..<length {
                            let value = T(exp(Double(source[i &* inner] - largest)))
                            target[i &* inner] = value
                            sum += value
                        }
                        if rule == .softmax {
                            for i in 0..<length { target[i &* inner] /= sum }
                        } else {
                            let shift = T(log(Double(sum)))
                            for i in 0..<length { target[i &* inner] = source[i &* inner] - largest - shift }
                        }
                    }
                }
            }
        }
    }
}
