import GraphIR
import Tensors

/// Enlarges a tensor by scales, in an attribute before operator set 9. ``Resize`` took its place.
enum Upsample: Operator {
    static let schema = OperatorSchema("Upsample", versions: [7, 9, 10], inputs: 1...2)
    static var traits: OperatorTraits { [.isQuantizable] }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        if site.opset < 9 { try site.checkNoInputs(from: 1) }
        return try Resize.inferTypes(asOld(site))
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel { try Resize.reference(asOld(site)) }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        try Resize.coupling(asOld(site))
    }

    static func traits(_ site: OperatorSite) throws(CNNOptError) -> OperatorTraits { try Resize.traits(asOld(site)) }

    static func forwardedInput(_ site: OperatorSite) throws(CNNOptError) -> Int? {
        try Resize.forwardedInput(asOld(site))
    }

    static func upgraded(_ site: OperatorSite, to opset: Int) throws(CNNOptError) -> OperatorRewrite? {
        guard opset >= 10 else { return nil }
        let stored = try site.floats("scales")
        let values = if let stored { stored } else { try site.constant(1)?.doubles().map { Float($0) } }
        let scales: OperatorRewrite.Operand =
            if let stored { .constant(try TensorData(stored), stem: "scales") } else { .input(1) }
        guard opset >= 11 else {
            let mode = try site.string("mode", default: "nearest")
            return OperatorRewrite([.init("Resize", [.input(0), scales], attributes: [Attribute("mode", mode)])])
        }
        return try ResizeForm.rewrite(site, scales: scales, values: values, to: opset)
    }

    /// The site as Resize of operator set 10 sees it, whose meaning is the same.
    private static func asOld(_ site: OperatorSite) -> OperatorSite {
        OperatorSite(
            node: site.node,
            name: site.name,
            opset: min(site.opset, 10),
            inputs: site.inputs,
            outputTypes: site.outputTypes
        )
    }

    static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation? {
        try Resize.computation(asOld(site))
    }
}
