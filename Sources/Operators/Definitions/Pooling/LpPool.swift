import GraphIR
import Tensors

/// The p-norm of the elements under each window.
enum LpPool: PoolOperator {
    static let schema = OperatorSchema("LpPool", versions: [1, 2, 11, 18, 22], inputs: 1...1)

    static func pool(_ site: OperatorSite) throws(CNNOptError)
        -> @Sendable (TensorData, PoolGeometry, Int) throws(CNNOptError) -> [TensorData]
    {
        let p = try normOrder(site)
        return { (x, geometry, threads) throws(CNNOptError) in
            [try PoolLoops.norm(x, geometry, p: p, threads: threads)]
        }
    }

    /// The attribute `p`, 2 by default.
    static func normOrder(_ site: OperatorSite) throws(CNNOptError) -> Int {
        let p = try site.int("p", default: 2)
        guard p >= 1 else { throw site.failure(.invalidModel, "attribute 'p' is \(p)") }
        return p
    }
}
