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

    static func gradient(_ site: OperatorSite, _ fragment: inout GradientFragment) throws(CNNOptError) {
        guard fragment.wants(0) else { return }
        let shape = try fragment.inputSizes(0)
        let share = 1 / Double(max(1, shape.dropFirst(2).reduce(1, *)))
        fragment.set(
            try fragment.spread(try fragment.gradient(), from: try fragment.outputSizes(), to: shape, times: share),
            for: 0
        )
    }
}
