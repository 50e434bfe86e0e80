import GraphIR
import Tensors

/// Drops axes of size 1: those listed, or all.
enum Squeeze: MergingOperator {
    static let schema = OperatorSchema("Squeeze", versions: [1, 11, 13, 21, 23, 24], inputs: 1...2)
    static var traits: OperatorTraits { [.movesData, .isQuantizable, .reshapes] }
    private static let axes = ListParameter("axes", port: 1, since: 13)

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        let kept = try kept(site)
        return [TensorType(site.elementType(0), kept.flatMap { kept in site.shape(0).map { s in kept.map { s[$0] } } })]
    }

    /// The input axes that stay; nil where that cannot be told.
    private static func kept(_ site: OperatorSite) throws(CNNOptError) -> [Int]? {
        guard let shape = site.shape(0) else { return nil }
        switch try axes.knowledge(site) {
        case .computed: return nil
        case .absent:
            guard shape.allSatisfy({ $0.size != nil }) else { return nil }
            return shape.indices.filter { shape[$0] != 1 }
        case .known(let list):
            let dropped = try AxisNumbers.normalized(list, rank: shape.count)
            for axis in dropped {
                guard let size = shape[axis].size, size != 1 else { continue }
                throw site.failure(.invalidModel, "axis \(axis) has size \(size), not 1")
            }
            return shape.indices.filter { !dropped.contains($0) }
        }
    }

    static func inferElements(_ site: OperatorSite) throws(CNNOptError) -> [ShapeElements?] {
        [site.shapeElements(0)?.reshaped(try kept(site)?.count)]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let read = try axes.reader(site)
        return ReferenceKernel { (inputs, _) throws(CNNOptError) in
            let data = try inputs.required(0)
            guard let list = try read(inputs) else { return [try data.reshaped(data.shape.filter { $0 != 1 })] }
            let dropped = try AxisNumbers.normalized(list, rank: data.shape.count)
            guard dropped.allSatisfy({ data.shape[$0] == 1 }) else {
                throw CNNOptError(.invalidModel, "axes \(list) of shape \(data.shape) are not all of size 1")
            }
            return [try data.reshaped(data.shape.indices.filter { !dropped.contains($0) }.map { data.shape[$0] })]
        }
    }

    static func forwardedInput(_ site: OperatorSite) throws(CNNOptError) -> Int? { site.hasSameShape(0) ? 0 : nil }

    /// The axes that an Unsqueeze has just added.
    static func merged(
        _ site: OperatorSite,
        after earlier: OperatorSite,
        of definition: any Operator.Type
    ) throws(CNNOptError) -> MergedNode? {
        guard definition == Unsqueeze.self, let rank = site.shape(0)?.count, let list = try axes.known(site),
            let added = try Unsqueeze.added(earlier),
            try AxisNumbers.normalized(list, rank: rank).sorted() == added.sorted()
        else { return nil }
        return .nothing
    }

    /// The axes that are dropped, counted from the front; nil where that cannot be told.
    static func dropped(_ site: OperatorSite) throws(CNNOptError) -> [Int]? {
        guard let kept = try kept(site), let rank = site.shape(0)?.count else { return nil }
        return (0..<rank).filter { !kept.contains($0) }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        guard let shape = site.shape(0), let kept = try kept(site) else {
            return .barrier("which axes it drops is not known")
        }
        return .mapping(shape, kept.enumerated().map { (input: $1, output: $0) })
    }

    static func upgraded(_ site: OperatorSite, to opset: Int) throws(CNNOptError) -> OperatorRewrite? {
        guard !axes.isInput(site), opset >= axes.since else { return nil }
        return OperatorRewrite([.init("Squeeze", [.input(0)] + (try axes.operand(site).map { [$0] } ?? []))])
    }

    static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation? {
        .reshaping
    }
}
