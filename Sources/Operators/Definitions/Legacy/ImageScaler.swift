import GraphIR
import Tensors

/// An image scaled by one number and shifted by one for each channel. Experimental, gone with operator set 10.
enum ImageScaler: Operator {
    static let schema = OperatorSchema("ImageScaler", versions: [1], inputs: 1...1)
    static var traits: OperatorTraits { [.elementwise] }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        if let shape = site.shape(0) {
            guard shape.count >= 2 else { throw site.failure(.invalidModel, "an input of rank \(shape.count)") }
            let bias = try site.floats("bias")
            if let channels = shape[1].size, let bias, bias.count != channels {
                throw site.failure(.invalidModel, "\(bias.count) biases for \(channels) channels")
            }
        }
        return [site.type(0)]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let scale = try site.float("scale", default: 1)
        let bias = try site.floats("bias")
        let multiply = BinaryFunction(float: { $0 * $1 }, double: { $0 * $1 })
        let add = BinaryFunction(float: { $0 + $1 }, double: { $0 + $1 })
        return ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            let x = try inputs.required(0)
            guard x.shape.count >= 2, bias?.count ?? x.shape[1] == x.shape[1] else {
                throw CNNOptError(.invalidModel, "\(bias?.count ?? 0) biases for an input of shape \(x.shape)")
            }
            let factor = try TensorData([scale], shape: []).cast(to: x.elementType)
            let scaled = try multiply.apply(x, factor, threads: threads)
            guard let terms = try self.terms(bias, rank: x.shape.count, x.elementType) else { return [scaled] }
            return [try add.apply(scaled, terms, threads: threads)]
        }
    }

    /// The biases in the shape that broadcasts along the channels.
    private static func terms(_ bias: [Float]?, rank: Int, _ type: ElementType) throws(CNNOptError) -> TensorData? {
        guard let bias else { return nil }
        return try TensorData(bias, shape: [bias.count] + [Int](repeating: 1, count: rank - 2)).cast(to: type)
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        var coupling = ChannelCoupling.identity(site)
        if try site.floats("bias") != nil { coupling.links.removeAll { $0.from.axis == 1 } }
        return coupling
    }

    static func upgraded(_ site: OperatorSite, to opset: Int) throws(CNNOptError) -> OperatorRewrite? {
        guard opset >= LegacyOperators.end else { return nil }
        let scale = try site.number(site.float("scale", default: 1), stem: "scale")
        var steps = [OperatorRewrite.Step("Mul", [.input(0), scale])]
        if let bias = try site.floats("bias") {
            guard let rank = site.shape(0)?.count, let type = site.elementType(0),
                let terms = try terms(bias, rank: rank, type)
            else { throw site.failure(.unsupported, "the rank of its input is unknown, so it cannot be rewritten") }
            steps.append(.init("Add", [.step(0), .constant(terms, stem: "bias")]))
        }
        return OperatorRewrite(steps)
    }
}
