import GraphIR
import Tensors

/// (x − zero point) · scale: ONNX's operator, which ONNX Runtime has in its own domain too.
enum ContributedDequantizeLinear: Operator {
    static let schema = OperatorSchema("DequantizeLinear", domain: "com.microsoft", versions: [1], inputs: 2...3)
    static var traits: OperatorTraits { DequantizeLinear.traits }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        try DequantizeLinear.inferTypes(site)
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        try DequantizeLinear.reference(site)
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        try DequantizeLinear.coupling(site)
    }
}
