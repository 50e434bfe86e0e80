import GraphIR
import Tensors

extension Gemm {
    /// The product with fewer columns, then the rest with C, alpha and beta.
    static func factored(_ site: OperatorSite, first: TensorData, second: TensorData) throws(CNNOptError)
        -> OperatorRewrite?
    {
        guard let form = try linearForm(site), first.shape.indices.contains(form.weightOutputAxis) else { return nil }
        var inputs: [OperatorRewrite.Operand?] = [.input(0), .constant(first, stem: "reduced_weight")]
        var attributes = site.node.attributes.filter { $0.name != "alpha" && $0.name != "beta" }
        if site.opset < 11 {
            // C may be left out from operator set 11 on; up to 6 an attribute says that it broadcasts.
            let zeros = try TensorData(zeros: first.elementType, shape: [first.shape[form.weightOutputAxis]])
            inputs.append(.constant(zeros, stem: "reduced_zeros"))
            attributes.removeAll { $0.name == "broadcast" }
            if site.opset < 7 { attributes.append(Attribute("broadcast", 1)) }
        }
        return OperatorRewrite([
            .init("Gemm", inputs, attributes: attributes, stem: "reduced"),
            .init(
                "Gemm",
                [.step(0), .constant(second, stem: "weight")] + (site.has(2) ? [.input(2)] : []),
                attributes: site.node.attributes.filter { $0.name != "transA" }
            ),
        ])
    }
}
