import GraphIR
import Tensors

/// The first name of ScatterElements.
enum Scatter: Operator {
    static let schema = OperatorSchema("Scatter", versions: [9, 11], inputs: 3...3)

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] { [site.type(0)] }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        try ScatterElements.reference(site)
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        try ScatterElements.coupling(site)
    }

    static func upgraded(_ site: OperatorSite, to opset: Int) throws(CNNOptError) -> OperatorRewrite? {
        guard opset >= 11 else { return nil }
        let axis = Attribute("axis", try site.int("axis", default: 0))
        return OperatorRewrite([
            .init("ScatterElements", [.input(0), .input(1), .input(2)], attributes: [axis])
        ])
    }
}
