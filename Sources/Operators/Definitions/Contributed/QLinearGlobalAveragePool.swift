import GraphIR
import Tensors

/// The mean of each channel of an 8-bit tensor, quantised again.
enum QLinearGlobalAveragePool: Operator {
    static let schema = OperatorSchema(
        "QLinearGlobalAveragePool",
        domain: "com.microsoft",
        versions: [1],
        inputs: 4...5
    )

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        try [QuantizedPool(site).type(site, GlobalAveragePool.inferTypes)]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let pool = try QuantizedPool(site)
        return ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            try pool.run(inputs, threads: threads, QuantizedPool.planes)
        }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        try QuantizedPool(site).coupling(site)
    }

    static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation? {
        try site.int("channels_last", default: 0) == 0 ? .quantizedUnary(.globalAverage) : nil
    }
}
