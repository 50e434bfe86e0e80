import GraphIR
import Tensors

/// How binary operators repeat their second input before version 7: where `broadcast` is 1, its shape matches the first
/// input's from `axis` on (at the end, as later, where there is no `axis`).
struct LegacyBroadcast: Sendable {
    let axis: Int

    /// nil where the ordinary rule holds.
    init?(_ site: OperatorSite) throws(CNNOptError) {
        guard site.opset < 7, try site.int("broadcast", default: 0) == 1, let axis = try site.int("axis") else {
            return nil
        }
        self.axis = axis
    }

    /// The axes of size 1 that the second shape needs at its end to broadcast by the ordinary rule.
    func padding(_ first: Int, _ second: Int) throws(CNNOptError) -> Int {
        guard axis >= -first, axis < max(first, 1) else {
            throw CNNOptError(.invalidModel, "axis \(axis) is outside a tensor of rank \(first)")
        }
        let start = axis < 0 ? axis + first : axis
        guard second <= first - start else {
            throw CNNOptError(.invalidModel, "a tensor of rank \(second) does not fit rank \(first) at axis \(axis)")
        }
        return first - start - second
    }
}

extension OperatorSite {
    /// The second input's shape with the axes that the legacy rule adds at its end.
    func broadcastShape(_ port: Int) throws(CNNOptError) -> Shape? {
        guard let shape = shape(port), port == 1, let legacy = try LegacyBroadcast(self) else {
            return self.shape(port)
        }
        guard let first = self.shape(0) else { return nil }
        return shape + Shape(repeating: .known(1), count: try legacy.padding(first.count, shape.count))
    }

    /// The same operator by the rule of version 7 and later; nil where the node already follows it.
    func modernBroadcast(to opset: Int) throws(CNNOptError) -> OperatorRewrite? {
        guard self.opset < 7, opset >= 7, node.attribute("broadcast") != nil || node.attribute("axis") != nil else {
            return nil
        }
        let attributes = node.attributes.filter { $0.name != "broadcast" && $0.name != "axis" }
        let plain = OperatorRewrite.Step(
            node.operatorType,
            domain: node.domain,
            [.input(0), .input(1)],
            attributes: attributes
        )
        guard let legacy = try LegacyBroadcast(self) else { return OperatorRewrite([plain]) }
        guard let first = shape(0), let second = shape(1) else {
            throw failure(
                .unsupported,
                "the ranks of its inputs are unknown, so its legacy broadcasting cannot be rewritten"
            )
        }
        let padding = try legacy.padding(first.count, second.count)
        guard padding > 0 else { return OperatorRewrite([plain]) }
        let axes = (0..<padding).map { second.count + $0 }
        return try withUnsqueezedSecond(plain, axes, to: opset)
    }

    /// A step whose second input gets new axes of size 1: in place where it is stored, by a step before it otherwise.
    func withUnsqueezedSecond(_ step: OperatorRewrite.Step, _ axes: [Int], to opset: Int) throws(CNNOptError)
        -> OperatorRewrite
    {
        var step = step
        if let stored = constant(1) {
            var shape = stored.shape
            for axis in axes { shape.insert(1, at: axis) }
            step.inputs[1] = .constant(try stored.reshaped(shape), stem: "aligned")
            return OperatorRewrite([step])
        }
        step.inputs[1] = .step(0)
        return OperatorRewrite([try .unsqueeze(.input(1), axes: axes, opset: opset), step])
    }
}

extension OperatorRewrite.Step {
    /// An Unsqueeze in the form of the operator set: axes as attribute below 13, as input from there on.
    static func unsqueeze(_ operand: OperatorRewrite.Operand, axes: [Int], opset: Int) throws(CNNOptError) -> Self {
        if opset < 13 { return Self("Unsqueeze", [operand], attributes: [Attribute("axes", axes)]) }
        return Self("Unsqueeze", [operand, .constant(try TensorData(axes.map(Int64.init)), stem: "axes")])
    }
}
