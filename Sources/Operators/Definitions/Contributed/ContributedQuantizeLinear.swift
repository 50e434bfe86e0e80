import GraphIR
import Tensors

/// x / scale + zero point, rounded and saturated: ONNX's operator, which ONNX Runtime has in its own domain too.
enum ContributedQuantizeLinear: Operator {
    static let schema = OperatorSchema("QuantizeLinear", domain: "com.microsoft", versions: [1], inputs: 2...3)
    static var traits: OperatorTraits { QuantizeLinear.traits }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        try QuantizeLinear.inferTypes(site)
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel { try QuantizeLinear.reference(site) }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        try QuantizeLinear.coupling(site)
    }
}
