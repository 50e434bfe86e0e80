import GraphIR
import Tensors

/// Each channel of each image brought to mean 0 and variance 1 by its own statistics, then scaled and shifted.
enum InstanceNormalization: Operator {
    static let schema = OperatorSchema("InstanceNormalization", versions: [1, 6, 22], inputs: 3...3)

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] { [site.type(0)] }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let epsilon = Double(try site.float("epsilon", default: 1e-5))
        return ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            try HalfPrecision.widening(inputs) { (inputs) throws(CNNOptError) in
                let x = try inputs.required(0)
                guard x.shape.count >= 3 else { throw CNNOptError(.invalidModel, "an input of rank \(x.shape.count)") }
                let rows = NormalizedRows(
                    count: x.shape[0] * x.shape[1],
                    length: x.shape[2...].reduce(1, *),
                    epsilon: epsilon,
                    parameterRows: x.shape[1]
                )
                let (scale, bias) = (try inputs.required(1).doubles(), try inputs.required(2).doubles())
                return [try rows.run(x, scale: scale, bias: bias, threads: threads).result]
            }
        }
    }

    static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation? {
        guard let shape = site.shape(0)?.sizes, shape.count >= 3, let length = checkedProduct(Array(shape[2...])) else {
            return nil
        }
        let epsilon = try site.float("epsilon", default: 1e-5)
        return .normalization(Normalization(length: length, epsilon: epsilon, parameters: .channel))
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        var coupling = ChannelCoupling.channels(site)
        guard let channels = site.shape(0)?.dropFirst().first?.size else { return coupling }
        for port in 1...2 {
            coupling.links.append(.init(.init(.input(port), 0), .init(.output(0), 1), count: channels))
        }
        return coupling
    }

    static func upgraded(_ site: OperatorSite, to opset: Int) throws(CNNOptError) -> OperatorRewrite? {
        guard site.node.attribute("consumed_inputs") != nil, opset >= 6 else { return nil }
        return OperatorRewrite([
            .init(
                "InstanceNormalization",
                (0..<3).map { .input($0) },
                attributes: site.node.attributes.filter { $0.name != "consumed_inputs" }
            )
        ])
    }
}
