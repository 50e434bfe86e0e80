import GraphIR
import Tensors

extension Conv {
    /// The whole window to fewer channels, then 1×1 with the bias.
    static func factored(_ site: OperatorSite, first: TensorData, second: TensorData) throws(CNNOptError)
        -> OperatorRewrite?
    { try factored("Conv", site, first, second) }

    /// Window, strides and padding stay with the first of the two; the second only mixes channels at each output position.
    static func factored(_ type: String, _ site: OperatorSite, _ first: TensorData, _ second: TensorData)
        throws(CNNOptError) -> OperatorRewrite?
    {
        guard try group(site) == 1, second.shape.count >= 3 else { return nil }
        return OperatorRewrite([
            .init(
                type,
                [.input(0), .constant(first, stem: "reduced_weight")],
                attributes: site.node.attributes,
                stem: "reduced"
            ),
            .init(
                type,
                [.step(0), .constant(second, stem: "weight")] + (site.has(2) ? [.input(2)] : []),
                attributes: [Attribute("kernel_shape", Array(second.shape.dropFirst(2)))]
            ),
        ])
    }
}
