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

    static func gradient(_ site: OperatorSite, _ fragment: inout GradientFragment) throws(CNNOptError) {
        let (a, b) = (try fragment.inputSizes(0), try fragment.inputSizes(1))
        guard a.count >= 1, b.count >= 1 else { return }
        // A vector on the left is one row, on the right one column.
        let left = a.count == 1 ? [1] + a : a
        let right = b.count == 1 ? b + [1] : b
        let batch = try Broadcasting.shape([Array(left.dropLast(2)), Array(right.dropLast(2))])
        let rows = left[left.count - 2]
        let columns = right[right.count - 1]
        let depth = left[left.count - 1]
        var gradient = try fragment.gradient()
        if a.count == 1 || b.count == 1 { gradient = try fragment.reshaped(gradient, batch + [rows, columns]) }
        func transposed(_ operand: GradientFragment.Operand, rank: Int) -> GradientFragment.Operand {
            let order = Array(0..<rank - 2) + [rank - 1, rank - 2]
            return fragment.add("Transpose", [operand], [Attribute("perm", order)])
        }
        if fragment.wants(0) {
            let weight =
                b.count == 1 ? try fragment.reshaped(.input(1), [1, depth]) : transposed(.input(1), rank: b.count)
            let product = fragment.add("MatMul", [gradient, weight])
            let sums = try fragment.summed(product, from: batch + [rows, depth], to: left)
            fragment.set(a.count == 1 ? try fragment.reshaped(sums, a) : sums, for: 0)
        }
        if fragment.wants(1) {
            let data =
                a.count == 1 ? try fragment.reshaped(.input(0), [depth, 1]) : transposed(.input(0), rank: a.count)
            let product = fragment.add("MatMul", [data, gradient])
            let sums = try fragment.summed(product, from: batch + [depth, columns], to: right)
            fragment.set(b.count == 1 ? try fragment.reshaped(sums, b) : sums, for: 1)
        }
    }
}
