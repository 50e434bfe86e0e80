import GraphIR
import Tensors

/// Inserts axes of size 1 at the listed places of the output.
enum Unsqueeze: MergingOperator {
    static let schema = OperatorSchema("Unsqueeze", versions: [1, 11, 13, 21, 23, 24], inputs: 1...2)
    static var traits: OperatorTraits { [.movesData, .isQuantizable, .reshapes] }
    private static let axes = ListParameter("axes", port: 1, since: 13)

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        guard let shape = site.shape(0), let list = try axes.known(site) else {
            return [TensorType(site.elementType(0), nil)]
        }
        let added = try added(list, shape.count)
        return [TensorType(site.elementType(0), inserting(1, at: added, into: shape))]
    }

    /// The places of the new axes in the output.
    private static func added(_ list: [Int], _ rank: Int) throws(CNNOptError) -> [Int] {
        guard list.count <= 64 else { throw CNNOptError(.unsupported, "\(list.count) new axes") }
        return try AxisNumbers.normalized(list, rank: rank + list.count)
    }

    private static func inserting<T>(_ one: T, at axes: [Int], into shape: [T]) -> [T] {
        var result = shape
        for axis in axes.sorted() { result.insert(one, at: axis) }
        return result
    }

    static func inferElements(_ site: OperatorSite) throws(CNNOptError) -> [ShapeElements?] {
        guard let elements = site.shapeElements(0), let list = try axes.known(site) else { return [] }
        return [elements.reshaped((elements.isScalar ? 0 : 1) + list.count)]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let read = try axes.reader(site)
        return ReferenceKernel { (inputs, _) throws(CNNOptError) in
            let data = try inputs.required(0)
            guard let list = try read(inputs) else { throw CNNOptError(.invalidModel, "axes are missing") }
            let added = try added(list, data.shape.count)
            return [try data.reshaped(inserting(1, at: added, into: data.shape))]
        }
    }

    static func forwardedInput(_ site: OperatorSite) throws(CNNOptError) -> Int? { site.hasSameShape(0) ? 0 : nil }

    /// The axes that a Squeeze has just dropped.
    static func merged(
        _ site: OperatorSite,
        after earlier: OperatorSite,
        of definition: any Operator.Type
    ) throws(CNNOptError) -> MergedNode? {
        guard definition == Squeeze.self, let dropped = try Squeeze.dropped(earlier),
            try added(site)?.sorted() == dropped
        else { return nil }
        return .nothing
    }

    /// The axes that are added, counted from the front of the output; nil where that cannot be told.
    static func added(_ site: OperatorSite) throws(CNNOptError) -> [Int]? {
        guard let rank = site.shape(0)?.count, let list = try axes.known(site) else { return nil }
        return try added(list, rank)
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        guard let shape = site.shape(0), let list = try axes.known(site) else {
            return .barrier("which axes it adds is not known")
        }
        let added = try added(list, shape.count)
        let places = (0..<shape.count + list.count).filter { !added.contains($0) }
        return .mapping(shape, places.enumerated().map { (input: $0, output: $1) })
    }

    static func upgraded(_ site: OperatorSite, to opset: Int) throws(CNNOptError) -> OperatorRewrite? {
        guard !axes.isInput(site), opset >= axes.since else { return nil }
        guard let list = try axes.operand(site) else { throw site.failure(.invalidModel, "axes are missing") }
        return OperatorRewrite([.init("Unsqueeze", [.input(0), list])])
    }

    static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation? {
        .reshaping
    }
}
