import GraphIR
import Tensors

/// Each group of channels of each image brought to mean 0 and variance 1, then scaled and shifted: for each group before
/// operator set 21, for each channel from then on.
enum GroupNormalization: Operator {
    static let schema = OperatorSchema("GroupNormalization", versions: [18, 21], inputs: 3...3)

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        let groups = try groups(site)
        if let channels = site.shape(0)?.dropFirst().first?.size, channels % groups != 0 {
            throw site.failure(.invalidModel, "\(channels) channels in \(groups) groups")
        }
        return [site.type(0)]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let groups = try groups(site)
        let perGroup = site.opset < 21
        let epsilon = Double(try site.float("epsilon", default: 1e-5))
        return ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            try HalfPrecision.widening(inputs) { (inputs) throws(CNNOptError) in
                let x = try inputs.required(0)
                guard x.shape.count >= 3, x.shape[1] % groups == 0 else {
                    throw CNNOptError(.invalidModel, "an input of shape \(x.shape) in \(groups) groups")
                }
                let (channels, spatial) = (x.shape[1] / groups, x.shape[2...].reduce(1, *))
                let rows = NormalizedRows(
                    count: x.shape[0] * groups,
                    length: channels * spatial,
                    epsilon: epsilon,
                    parameterRows: groups,
                    parameterLength: perGroup ? 1 : channels,
                    parameterRun: perGroup ? .max : max(spatial, 1)
                )
                let (scale, bias) = (try inputs.required(1).doubles(), try inputs.required(2).doubles())
                return [try rows.run(x, scale: scale, bias: bias, threads: threads).result]
            }
        }
    }

    static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation? {
        let groups = try groups(site)
        guard let shape = site.shape(0)?.sizes, shape.count >= 3, shape[1] % groups == 0,
            let length = checkedProduct([shape[1] / groups] + shape[2...])
        else { return nil }
        return .normalization(
            Normalization(
                length: length,
                epsilon: try site.float("epsilon", default: 1e-5),
                parameters: site.opset < 21 ? .group(channels: shape[1] / groups) : .channel
            )
        )
    }

    /// Channels drop equally in every group, so that the groups stay as many.
    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        let groups = try groups(site)
        var coupling = ChannelCoupling.channels(site)
        guard let channels = site.shape(0)?.dropFirst().first?.size, channels % groups == 0 else { return coupling }
        let output = ChannelCoupling.Axis(.output(0), 1)
        if groups > 1 {
            coupling.links.append(.init(output, output, count: channels / groups, outer: groups))
        }
        guard site.opset >= 21 else { return coupling }
        for port in 1...2 { coupling.links.append(.init(.init(.input(port), 0), output, count: channels)) }
        return coupling
    }

    /// Numbers for each group become numbers for each channel.
    static func upgraded(_ site: OperatorSite, to opset: Int) throws(CNNOptError) -> OperatorRewrite? {
        guard site.opset < 21, opset >= 21 else { return nil }
        let groups = try groups(site)
        guard let channels = site.shape(0)?.dropFirst().first?.size, let scale = site.constant(1),
            let bias = site.constant(2), scale.elementType == .float32, bias.elementType == .float32,
            channels % groups == 0
        else {
            throw site.failure(.unsupported, "scale and bias of a GroupNormalization that are not stored as floats")
        }
        func spread(_ tensor: TensorData) throws(CNNOptError) -> TensorData {
            let values = try tensor.array(of: Float.self)
            guard values.count == groups else {
                throw site.failure(.invalidModel, "\(values.count) numbers for \(groups) groups")
            }
            return try TensorData(values.flatMap { [Float](repeating: $0, count: channels / groups) })
        }
        return OperatorRewrite([
            .init(
                "GroupNormalization",
                [.input(0), .constant(try spread(scale), stem: "scale"), .constant(try spread(bias), stem: "bias")],
                attributes: site.node.attributes
            )
        ])
    }

    private static func groups(_ site: OperatorSite) throws(CNNOptError) -> Int {
        let groups = try site.int("num_groups", default: 0)
        guard groups >= 1 else { throw site.failure(.invalidModel, "attribute 'num_groups' is \(groups)") }
        return groups
    }
}
