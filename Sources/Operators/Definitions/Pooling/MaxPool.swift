import GraphIR
import Tensors

/// The largest element under each window, and on request where it lies.
enum MaxPool: PoolOperator {
    static let schema = OperatorSchema("MaxPool", versions: [1, 8, 10, 11, 12, 22], inputs: 1...1, outputs: 1...2)
    static var traits: OperatorTraits { [.movesData, .isQuantizable] }

    static func pool(_ site: OperatorSite) throws(CNNOptError)
        -> @Sendable (TensorData, PoolGeometry, Int) throws(CNNOptError) -> [TensorData]
    {
        let columnMajor = try site.int("storage_order", default: 0) != 0
        let wantsPlaces = namesPlaces(site)
        return { (x, geometry, threads) throws(CNNOptError) in
            if wantsPlaces {
                return try PoolLoops.maximumAndPlaces(x, geometry, columnMajor: columnMajor, threads: threads)
            }
            return [try PoolLoops.maximum(x, geometry, threads: threads)]
        }
    }

    /// What is padded must never be the largest element: −∞, or 0 beside numbers that are not below 0.
    static func padding(_ site: OperatorSite, by filling: Filling, isNonNegative: Bool) throws(CNNOptError)
        -> NodeEdit?
    {
        let windows = try Windows(site)
        guard !namesPlaces(site), site.elementType(0) == .float32 || site.elementType(0) == .float64,
            filling.value == -.infinity || isNonNegative && filling.value <= 0,
            let spatial = filling.axes.behindChannels, windows.meetsElements(with: spatial)
        else { return nil }
        return windows.padded(front: spatial.map(\.front), back: spatial.map(\.back))
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        namesPlaces(site) ? .barrier("its second output holds indices into all channels") : .channels(site)
    }

    private static func namesPlaces(_ site: OperatorSite) -> Bool {
        site.node.outputs.count > 1 && site.node.outputs[1] != nil
    }

    static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation? {
        guard !namesPlaces(site), let x = site.type(0).sizes, x.count > 2 else { return nil }
        return .maximumPool(axes: try Windows(site).axes(Array(x[2...])))
    }

    static func gradient(_ site: OperatorSite, _ fragment: inout GradientFragment) throws(CNNOptError) {
        guard fragment.wants(0) else { return }
        let attributes = site.node.attributes.filter { $0.name != "storage_order" }
        fragment.set(try fragment.maximumPool(try fragment.gradient(), attributes), for: 0)
    }
}
