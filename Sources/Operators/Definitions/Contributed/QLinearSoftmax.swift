import GraphIR
import Tensors

/// Softmax of an 8-bit tensor, quantised again. The default domain's operator set, by which the axis is read, is an attribute.
enum QLinearSoftmax: Operator {
    static let schema = OperatorSchema("QLinearSoftmax", domain: "com.microsoft", versions: [1], inputs: 4...5)

    private static func plain(_ site: OperatorSite) throws(CNNOptError) -> OperatorSite {
        guard let opset = try site.int("opset") else {
            throw site.failure(.invalidModel, "attribute 'opset' is missing")
        }
        var plain = site.node
        // Left out, the axis is the last one in every operator set.
        if plain.attribute("axis") == nil { plain.attributes.append(Attribute("axis", -1)) }
        return OperatorSite(
            node: plain,
            name: site.name,
            opset: opset,
            inputs: [site.input(0)],
            outputTypes: site.outputTypes
        )
    }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        try Softmax.inferTypes(plain(site))
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let softmax = try Softmax.reference(plain(site))
        return ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            let x = try inputs.required(0)
            let grid = try inputs.grid(x.elementType, scale: 3, zero: 4)
            let numbers = try x.lookedUp(inputs.grid(0, scale: 1, zero: 2).numbers)
            var results: [TensorData] = []
            for result in try softmax.run([numbers], threads: threads) {
                results.append(try grid.quantized(result) { grid.code(steps: $0 / grid.scale) })
            }
            return results
        }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        try Softmax.coupling(plain(site))
    }

    static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation? {
        try Softmax.computation(plain(site)).map { .quantizedUnary($0) }
    }
}
