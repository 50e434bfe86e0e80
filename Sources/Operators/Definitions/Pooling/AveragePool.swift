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

    static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation? {
        guard let x = site.type(0).sizes, x.count > 2 else { return nil }
        let countsPadding = try site.int("count_include_pad", default: 0) != 0
        return .averagePool(axes: try Windows(site).axes(Array(x[2...])), countsPadding: countsPadding)
    }
}
