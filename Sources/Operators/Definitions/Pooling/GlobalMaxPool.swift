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

    static func gradient(_ site: OperatorSite, _ fragment: inout GradientFragment) throws(CNNOptError) {
        guard fragment.wants(0) else { return }
        let window = Attribute("kernel_shape", Array(try fragment.inputSizes(0).dropFirst(2)))
        fragment.set(try fragment.maximumPool(try fragment.gradient(), [window]), for: 0)
    }
}
