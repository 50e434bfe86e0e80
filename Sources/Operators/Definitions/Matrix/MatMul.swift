import GraphIR
import Tensors

/// Matrix products over the last two axes; the axes in front broadcast.
enum MatMul: Operator {
    static let schema = OperatorSchema("MatMul", versions: [1, 9, 13], inputs: 2...2)
    static var traits: OperatorTraits { [.isQuantizable, .isLinear] }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        let type = site.elementType(0) ?? site.elementType(1)
        guard let a = site.shape(0), let b = site.shape(1) else { return [TensorType(type, nil)] }
        return [TensorType(type, try outputShape(site, a, b))]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            try HalfPrecision.widening(inputs) { (inputs) throws(CNNOptError) in
                [try BatchedProduct(inputs.required(0), inputs.required(1)).run(threads: threads)]
            }
        }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        guard let a = site.shape(0), let b = site.shape(1), let y = site.outputType(0).shape, !a.isEmpty, !b.isEmpty
        else {
            return .barrier("the rank of an operand is unknown")
        }
        var coupling = ChannelCoupling()
        func link(_ from: ChannelCoupling.Axis, _ dimension: Dimension, _ to: ChannelCoupling.Axis) {
            if let size = dimension.size { coupling.links.append(.init(from, to, count: size)) }
        }
        let inner = b.count == 1 ? 0 : b.count - 2
        link(.init(.input(1), inner), b[inner], .init(.input(0), a.count - 1))
        if b.count > 1 { link(.init(.input(1), b.count - 1), b[b.count - 1], .init(.output(0), y.count - 1)) }
        if a.count > 1 {
            link(.init(.input(0), a.count - 2), a[a.count - 2], .init(.output(0), y.count - (b.count > 1 ? 2 : 1)))
        }
        let batch = y.count - (a.count > 1 ? 1 : 0) - (b.count > 1 ? 1 : 0)
        for (port, shape) in [(0, a), (1, b)] {
            for axis in 0..<max(shape.count - 2, 0) {
                let target = batch - (shape.count - 2) + axis
                guard target >= 0, shape[axis].size == y[target].size else { continue }
                link(.init(.input(port), axis), shape[axis], .init(.output(0), target))
            }
        }
        return coupling
    }

    static func cost(_ site: OperatorSite) throws(CNNOptError) -> Cost? {
        guard let output = site.outputType(0).sizes, let depth = site.shape(0)?.last?.size,
            let macs = checkedProduct(output + [depth])
        else { return nil }
        return Cost(macs: macs)
    }

    static func linearForm(_ site: OperatorSite) throws(CNNOptError) -> LinearForm? {
        guard let a = site.shape(0)?.count, let b = site.shape(1)?.count, a >= 2 || b == 2 else { return nil }
        if a == 2, site.constant(0) != nil, site.constant(1) == nil, b >= 2 {
            return LinearForm(
                dataPort: 1,
                weightPort: 0,
                biasPort: nil,
                weightOutputAxis: 0,
                weightInputAxis: 1,
                dataChannelAxis: b - 2,
                outputChannelAxis: b - 2
            )
        }
        guard b == 2, a >= 1 else { return nil }
        return LinearForm(
            biasPort: nil,
            weightOutputAxis: 1,
            weightInputAxis: 0,
            dataChannelAxis: a - 1,
            outputChannelAxis: a - 1
        )
    }

    /// Gemm, for matrices and one number a column.
    static func adding(_ addend: TensorType, _ site: OperatorSite) throws(CNNOptError) -> OperatorRewrite? {
        guard site.opset >= 7, Gemm.isColumnwise(addend, site) else { return nil }
        return OperatorRewrite([.init("Gemm", [.input(0), .input(1), .input(2)])])
    }

    /// Gemm, which from operator set 11 on needs no C.
    static func swappingAxes(ofInput port: Int, _ site: OperatorSite) throws(CNNOptError) -> OperatorRewrite? {
        guard site.opset >= 11, site.shape(0)?.count == 2, site.shape(1)?.count == 2,
            Gemm.floats.contains(site.elementType(0))
        else { return nil }
        return OperatorRewrite([
            .init("Gemm", [.input(0), .input(1)], attributes: [Attribute(port == 0 ? "transA" : "transB", 1)])
        ])
    }

    static func factored(_ site: OperatorSite, first: TensorData, second: TensorData) throws(CNNOptError)
        -> OperatorRewrite?
    {
        guard let form = try linearForm(site) else { return nil }
        func product(_ weight: OperatorRewrite.Operand, _ data: OperatorRewrite.Operand) -> [OperatorRewrite.Operand?] {
            form.weightPort == 0 ? [weight, data] : [data, weight]
        }
        return OperatorRewrite([
            .init(
                "MatMul",
                product(.constant(first, stem: "reduced_weight"), .input(form.dataPort)),
                stem: "reduced"
            ),
            .init("MatMul", product(.constant(second, stem: "weight"), .step(0))),
        ])
    }

    static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation? {
        .product()
    }
}
