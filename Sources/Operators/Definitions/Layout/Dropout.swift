import GraphIR
import Tensors

/// At inference the input itself, and a mask that keeps every element.
enum Dropout: Operator {
    static let schema = OperatorSchema("Dropout", versions: [1, 6, 7, 10, 12, 13, 22], inputs: 1...3, outputs: 1...2)
    static var traits: OperatorTraits { [.movesData, .isIdentity, .elementwise, .isQuantizable] }

    static func reordered(_ site: OperatorSite, by order: AxisOrder) throws(CNNOptError) -> ReorderedNode? {
        ReorderedNode()
    }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        [site.type(0), TensorType(hasBoolMask(site.opset) ? .bool : site.elementType(0), site.shape(0))]
    }

    /// Before operator set 10 the mask had the input's type.
    private static func hasBoolMask(_ opset: Int) -> Bool { opset >= 10 }

    static func inferElements(_ site: OperatorSite) throws(CNNOptError) -> [ShapeElements?] { [site.shapeElements(0)] }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let wantsMask = site.node.outputs.count > 1 && site.node.outputs[1] != nil
        let isBool = hasBoolMask(site.opset)
        return ReferenceKernel { (inputs, _) throws(CNNOptError) in
            let data = try inputs.required(0)
            // Dropping nothing is the identity in training mode too.
            if let training = inputs.optional(2), try training.doubles().contains(where: { $0 != 0 }),
                try inputs.optional(1)?.doubles().first ?? 0.5 != 0
            {
                throw CNNOptError(.unsupported, "training mode", remedy: "export the model for inference")
            }
            guard wantsMask else { return [data] }
            let type = isBool ? .bool : data.elementType
            let one = try TensorData([1] as [Float], shape: []).cast(to: type)
            let mask = try FlatPlaces.pick(one, [Int](repeating: 0, count: data.count), shape: data.shape)
            return [data, mask]
        }
    }

    static func forwardedInput(_ site: OperatorSite) throws(CNNOptError) -> Int? {
        // Training mode, where it is asked for, has to be refused at run time.
        guard site.has(2) else { return 0 }
        return site.integers(2)?.first == 0 ? 0 : nil
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        var coupling = ChannelCoupling.identity(site)
        if site.node.outputs.count > 1 {
            for link in coupling.links {
                coupling.links.append(.init(link.from, .init(.output(1), link.to.axis), count: link.count))
            }
        }
        return coupling
    }

    static func upgraded(_ site: OperatorSite, to opset: Int) throws(CNNOptError) -> OperatorRewrite? {
        guard site.opset < 12, opset >= 12 else { return nil }
        guard hasBoolMask(site.opset) || !site.isUsed(1) else {
            throw site.failure(.unsupported, "the mask changes its type in operator set 10")
        }
        let ratio = try TensorData([site.float("ratio", default: 0.5)], shape: [])
        return OperatorRewrite([
            .init(
                "Dropout",
                [.input(0), .constant(ratio, stem: "ratio")],
                outputCount: site.node.outputs.count
            )
        ])
    }
}
