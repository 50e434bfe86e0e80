import GraphIR
import Tensors

/// The p-norm of each channel.
enum GlobalLpPool: GlobalPoolOperator {
    static let schema = OperatorSchema("GlobalLpPool", versions: [1, 2, 22], inputs: 1...1)

    static func pool(_ site: OperatorSite) throws(CNNOptError)
        -> @Sendable (TensorData, PoolGeometry, Int) throws(CNNOptError) -> TensorData
    {
        let p = try LpPool.normOrder(site)
        return { (x, geometry, threads) throws(CNNOptError) in
            try PoolLoops.norm(x, geometry, p: p, threads: threads)
        }
    }
}
