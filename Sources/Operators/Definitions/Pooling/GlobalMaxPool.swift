import GraphIR
import Tensors

/// The largest element of each channel.
enum GlobalMaxPool: GlobalPoolOperator {
    static let schema = OperatorSchema("GlobalMaxPool", versions: [1, 22], inputs: 1...1)
    static var traits: OperatorTraits { [.movesData, .isQuantizable] }

    static func pool(_ site: OperatorSite) throws(CNNOptError)
        -> @Sendable (TensorData, PoolGeometry, Int) throws(CNNOptError) -> TensorData
    {
        { (x, geometry, threads) throws(CNNOptError) in try PoolLoops.maximum(x, geometry, threads: threads) }
    }

    static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation? {
        .globalMaximum
    }
}
