import GraphIR
import Tensors

/// The mean of the elements under each window of an 8-bit tensor, quantised again.
enum QLinearAveragePool: Operator {
    static let schema = OperatorSchema("QLinearAveragePool", domain: "com.microsoft", versions: [1], inputs: 4...5)

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        try [QuantizedPool(site).type(site, AveragePool.inferTypes)]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let pool = try QuantizedPool(site)
        let windows = try Windows(site)
        let countsPadding = try site.int("count_include_pad", default: 0) != 0
        return ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            try pool.run(inputs, threads: threads) { (x, from, to) throws(CNNOptError) in
                let geometry = try PoolGeometry(x, windows)
                // One window over everything is the mean of whole planes, which rounds before the zero point is added.
                if geometry.axes.allSatisfy({ $0.kernel == $0.input && $0.padBegin == 0 && $0.padEnd == 0 }) {
                    return try QuantizedPool.planes(x, from, to)
                }
                let means = try PoolLoops.average(
                    x.lookedUp(from.numbers),
                    geometry,
                    countsPadding: countsPadding,
                    threads: threads
                )
                let zero = Float(to.zero)
                return try to.quantized(means) { to.code(at: $0 / to.scale + zero) }
            }
        }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        try QuantizedPool(site).coupling(site)
    }

    static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation? {
        guard try site.int("channels_last", default: 0) == 0 else { return nil }
        return try AveragePool.computation(site).map { .quantizedUnary($0) }
    }
}
