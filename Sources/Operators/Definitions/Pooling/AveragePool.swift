import GraphIR
import Tensors

/// The mean of the elements under each window.
enum AveragePool: PoolOperator {
    static let schema = OperatorSchema("AveragePool", versions: [1, 7, 10, 11, 19, 22], inputs: 1...1)
    static var traits: OperatorTraits { [.isQuantizable] }

    static func pool(_ site: OperatorSite) throws(CNNOptError)
        -> @Sendable (TensorData, PoolGeometry, Int) throws(CNNOptError) -> [TensorData]
    {
        let countsPadding = try site.int("count_include_pad", default: 0) != 0
        return { (x, geometry, threads) throws(CNNOptError) in
            [try PoolLoops.average(x, geometry, countsPadding: countsPadding, threads: threads)]
        }
    }

    /// Zeros count as elements of each window, so the padding that there is must do so too.
    static func padding(_ site: OperatorSite, by padding: [AxisPadding]) throws(CNNOptError) -> NodeEdit? {
        let windows = try Windows(site)
        let countsPadding = try site.int("count_include_pad", default: 0) != 0
        guard site.opset >= 7, countsPadding || !windows.mayPad, let spatial = padding.behindChannels,
            windows.meetsElements(with: spatial),
            var edit = windows.padded(front: spatial.map(\.front), back: spatial.map(\.back))
        else { return nil }
        edit.attributes.append(Attribute("count_include_pad", 1))
        return edit
    }

    /// One window over the whole input.
    static func plainForm(_ site: OperatorSite) throws(CNNOptError) -> OperatorRewrite? {
        let windows = try Windows(site)
        guard let shape = site.shape(0), shape.count > 2, let sizes = Array(shape[2...]).sizes, windows.kernel == sizes,
            !windows.mayPad, (windows.dilations ?? []).allSatisfy({ $0 == 1 }), site.elementType(0) == .float32
        else { return nil }
        return OperatorRewrite([.init("GlobalAveragePool", [.input(0)])])
    }

    static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation? {
        guard let x = site.type(0).sizes, x.count > 2 else { return nil }
        let countsPadding = try site.int("count_include_pad", default: 0) != 0
        return .averagePool(axes: try Windows(site).axes(Array(x[2...])), countsPadding: countsPadding)
    }

    static func gradient(_ site: OperatorSite, _ fragment: inout GradientFragment) throws(CNNOptError) {
        guard fragment.wants(0), case .averagePool(let axes, let countsPadding)? = try computation(site) else { return }
        fragment.set(try fragment.averagePool(try fragment.gradient(), axes, countsPadding: countsPadding), for: 0)
    }
}
