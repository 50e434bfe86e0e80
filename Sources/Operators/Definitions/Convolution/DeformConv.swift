import GraphIR
import Tensors

/// A convolution whose taps are moved by offsets that are computed for each place, and weighted by a mask. Dai et al.,
/// Deformable Convolutional Networks, 2017; Zhu et al., version 2, 2018.
enum DeformConv: Operator {
    static let schema = OperatorSchema("DeformConv", versions: [19, 22], inputs: 3...5)

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        try Conv.inferTypes(plain(site))
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let windows = try Windows(site)
        let group = try Conv.group(site)
        let offsetGroups = try site.int("offset_group", default: 1)
        guard offsetGroups >= 1 else {
            throw site.failure(.invalidModel, "attribute 'offset_group' is \(offsetGroups)")
        }
        return ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            try HalfPrecision.widening(inputs) { (inputs) throws(CNNOptError) in
                let (x, w, bias) = (try inputs.required(0), try inputs.required(1), inputs.optional(3))
                let geometry = try Conv.geometry(x, w, bias, windows, group)
                let loops = try DeformedConvolution(
                    geometry,
                    offsetGroups: offsetGroups,
                    offset: inputs.required(2),
                    mask: inputs.optional(4)
                )
                return [try loops.run(x, w, bias, threads: threads)]
            }
        }
    }

    static func cost(_ site: OperatorSite) throws(CNNOptError) -> Cost? { try Conv.cost(site) }

    /// Output channels belong to the weight's, as in a convolution; input channels share offsets and stay.
    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        guard try Conv.group(site) == 1, let outputs = site.shape(1)?.first?.size else {
            return .barrier("its groups share offsets")
        }
        var coupling = ChannelCoupling()
        coupling.links.append(.init(.init(.input(1), 0), .init(.output(0), 1), count: outputs))
        if site.has(3) { coupling.links.append(.init(.init(.input(3), 0), .init(.output(0), 1), count: outputs)) }
        return coupling
    }

    /// The site as ``Conv`` sees it.
    private static func plain(_ site: OperatorSite) -> OperatorSite {
        OperatorSite(
            node: site.node,
            name: site.name,
            opset: site.opset,
            inputs: [site.input(0), site.input(1)]
        )
    }
}
