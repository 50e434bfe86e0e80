import GraphIR
import Tensors

/// The mean of each channel.
enum GlobalAveragePool: GlobalPoolOperator {
    static let schema = OperatorSchema("GlobalAveragePool", versions: [1, 22], inputs: 1...1)
    static var traits: OperatorTraits { [.isQuantizable] }

    static func pool(_ site: OperatorSite) throws(CNNOptError)
        -> @Sendable (TensorData, PoolGeometry, Int) throws(CNNOptError) -> TensorData
    {
        { (x, geometry, threads) throws(CNNOptError) in
            try PoolLoops.average(x, geometry, countsPadding: false, threads: threads)
        }
    }

    static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation? {
        .globalAverage
    }
}
