import GraphIR
import Tensors

/// Output axis k is the input's axis perm[k]; without `perm` the axes are reversed.
enum Transpose: MergingOperator {
    static let schema = OperatorSchema("Transpose", versions: [1, 13, 21, 23, 24], inputs: 1...1)
    static var traits: OperatorTraits { [.movesData, .isQuantizable, .permutes] }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        let perm = try site.ints("perm")
        guard let shape = site.shape(0) else {
            return [TensorType(site.elementType(0), perm.map { Shape(repeating: .unknown, count: $0.count) })]
        }
        let order = try order(perm, rank: shape.count)
        return [TensorType(site.elementType(0), order.map { shape[$0] })]
    }

    static func inferElements(_ site: OperatorSite) throws(CNNOptError) -> [ShapeElements?] { [site.shapeElements(0)] }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let perm = try site.ints("perm")
        return ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            let data = try inputs.required(0)
            let order = try order(perm, rank: data.shape.count)
            return [try IndexedCopy(data.shape, permutation: order).run(data, threads: threads)]
        }
    }

    static func forwardedInput(_ site: OperatorSite) throws(CNNOptError) -> Int? {
        guard let rank = site.shape(0)?.count else { return nil }
        return try order(site.ints("perm"), rank: rank) == Array(0..<rank) ? 0 : nil
    }

    /// Two permutations are one.
    static func merged(
        _ site: OperatorSite,
        after earlier: OperatorSite,
        of definition: any Operator.Type
    ) throws(CNNOptError) -> MergedNode? {
        guard definition == Self.self, let rank = earlier.shape(0)?.count else { return nil }
        let first = try order(earlier.ints("perm"), rank: rank)
        let both = try order(site.ints("perm"), rank: rank).map { first[$0] }
        if both == Array(0..<rank) { return .nothing }
        return MergedNode("Transpose", [.earlier(0)], attributes: [Attribute("perm", both)])
    }

    private static func order(_ perm: [Int]?, rank: Int) throws(CNNOptError) -> [Int] {
        guard let perm else { return (0..<rank).reversed() }
        let order = try AxisNumbers.normalized(perm, rank: rank)
        guard order.count == rank else {
            throw CNNOptError(.invalidModel, "perm \(perm) does not fit a tensor of rank \(rank)")
        }
        return order
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        guard let shape = site.shape(0) else { return .barrier("the rank of its input is unknown") }
        let order = try order(site.ints("perm"), rank: shape.count)
        return .mapping(shape, order.enumerated().map { (input: $1, output: $0) })
    }

    static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation? {
        guard let rank = site.shape(0)?.count else { return nil }
        return .transposition(try order(site.ints("perm"), rank: rank))
    }

    static func gradient(_ site: OperatorSite, _ fragment: inout GradientFragment) throws(CNNOptError) {
        guard fragment.wants(0), case .transposition(let order)? = try computation(site) else { return }
        let back = order.indices.map { axis in order.firstIndex(of: axis) ?? axis }
        fragment.set(fragment.add("Transpose", [try fragment.gradient()], [Attribute("perm", back)]), for: 0)
    }
}

extension ChannelCoupling {
    /// Each input axis belongs to an output axis as it is.
    static func mapping(_ shape: Shape, _ axes: [(input: Int, output: Int)]) -> ChannelCoupling {
        var coupling = ChannelCoupling()
        for (input, output) in axes {
            guard shape.indices.contains(input), let size = shape[input].size else { continue }
            coupling.links.append(Link(Axis(.input(0), input), Axis(.output(0), output), count: size))
        }
        return coupling
    }
}
