import GraphIR
import Tensors

/// Resamples a tensor: nearest, linear or cubic, to given sizes or by given scales.
enum Resize: Operator {
    static let schema = OperatorSchema("Resize", versions: [10, 11, 13, 18, 19], inputs: 1...4)
    static var traits: OperatorTraits { [.isQuantizable] }

    static func traits(_ site: OperatorSite) throws(CNNOptError) -> OperatorTraits {
        let form = try ResizeForm(site)
        guard case .nearest = form.rule.filter, !form.rule.coordinates.isCrop else { return traits }
        return traits.union(.movesData)
    }

    static func forwardedInput(_ site: OperatorSite) throws(CNNOptError) -> Int? {
        let form = try ResizeForm(site)
        guard !form.rule.coordinates.isCrop, site.shape(0) != nil else { return nil }
        if let scales = try form.scales(site.constant(form.scalesPort)), !scales.isEmpty {
            return scales.allSatisfy { $0 == 1 } ? 0 : nil
        }
        return site.has(form.scalesPort) && site.constant(form.scalesPort) == nil ? nil : site.hasSameShape(0) ? 0 : nil
    }

    static func reordered(_ site: OperatorSite, by order: AxisOrder) throws(CNNOptError) -> ReorderedNode? {
        let form = try ResizeForm(site)
        guard form.listedAxes == nil, form.storedScales == nil, !form.rule.coordinates.isCrop,
            let input = site.shape(0), let output = site.outputType(0).shape, output.count == order.rank,
            input.count == order.rank
        else { return nil }
        // Runtimes interpolate the last two axes, whatever they stand for.
        let kept = zip(order.moved(input), order.moved(output)).map { $0 == $1 && $0 != .unknown }
        guard kept.dropLast(2).allSatisfy({ $0 }) else { return nil }
        var edit = NodeEdit()
        if let sizes = site.constant(form.sizesPort)?.integers(), sizes.count == order.rank {
            edit.constants[form.sizesPort] = try TensorData(order.moved(sizes).map(Int64.init))
        } else if let scales = try site.constant(form.scalesPort)?.doubles(), scales.count == order.rank {
            edit.constants[form.scalesPort] = try TensorData(order.moved(scales).map { Float($0) })
        } else {
            return nil
        }
        return ReorderedNode(edit: edit)
    }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        guard let shape = site.shape(0) else { return [site.type(0)] }
        let form = try ResizeForm(site)
        let axes = try form.axes(rank: shape.count)
        var result = shape
        for axis in axes { result[axis] = .unknown }
        if let sizes = shape.sizes, let target = try form.target(site, sizes) {
            return [TensorType(site.elementType(0), Shape(sizes: target.shape))]
        }
        if let elements = site.shapeElements(form.sizesPort)?.elements, elements.count == axes.count,
            form.policy == .stretch
        {
            for (entry, axis) in zip(elements, axes) { result[axis] = entry }
        } else if let scales = try form.scales(site.constant(form.scalesPort)), scales.count == axes.count {
            for (scale, axis) in zip(scales, axes) where scale == 1 { result[axis] = shape[axis] }
            for (scale, axis) in zip(scales, axes) where !form.rule.coordinates.isCrop {
                if let size = shape[axis].size { result[axis] = .known(try ResizeForm.scaled(size, by: scale)) }
            }
        }
        return [TensorType(site.elementType(0), result)]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let form = try ResizeForm(site)
        return ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            try HalfPrecision.widening(inputs) { (inputs) throws(CNNOptError) in
                let x = try inputs.required(0)
                let target = try form.target(
                    x.shape,
                    region: form.regionPort.flatMap { inputs.optional($0) },
                    scales: inputs.optional(form.scalesPort),
                    sizes: inputs.optional(form.sizesPort)
                )
                guard let target else { throw CNNOptError(.invalidModel, "neither sizes nor scales are given") }
                return [try form.resampling(x.shape, target).run(x, threads: threads)]
            }
        }
    }

    /// Axes that keep their size element by element keep their channels.
    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        guard let shape = site.shape(0), let output = site.outputType(0).shape, shape.count == output.count else {
            return .barrier("the rank of its input or output is unknown")
        }
        let form = try ResizeForm(site)
        let axes = try form.axes(rank: shape.count)
        let scales = try form.scales(site.constant(form.scalesPort))
        let hasScales = site.has(form.scalesPort) && scales?.isEmpty != true
        var coupling = ChannelCoupling.identity(site)
        coupling.links.removeAll { link in
            guard let entry = axes.firstIndex(of: link.from.axis) else { return false }
            if form.rule.coordinates.isCrop { return true }
            if hasScales { return scales?.indices.contains(entry) != true || scales?[entry] != 1 }
            return output[link.from.axis].size != shape[link.from.axis].size
        }
        return coupling
    }

    /// Stored sizes name the channels too.
    static func narrowed(_ site: OperatorSite, _ selection: ChannelSelection) throws(CNNOptError) -> NodeEdit {
        let form = try ResizeForm(site)
        guard let rank = site.shape(0)?.count, let stored = site.constant(form.sizesPort),
            var sizes = stored.integers(),
            !sizes.isEmpty
        else { return NodeEdit() }
        var changes = false
        for (entry, axis) in try form.axes(rank: rank).enumerated() where sizes.indices.contains(entry) {
            guard let kept = selection.kept(.output(0), axis) else { continue }
            sizes[entry] = kept.count
            changes = true
        }
        guard changes else { return NodeEdit() }
        return NodeEdit(constants: [form.sizesPort: try TensorData(sizes.map(Int64.init))])
    }

    /// Operator set 10 samples at x / scale; from 11 on that has to be said, and the scales come third.
    static func upgraded(_ site: OperatorSite, to opset: Int) throws(CNNOptError) -> OperatorRewrite? {
        guard site.opset == 10, opset >= 11 else { return nil }
        return try ResizeForm.rewrite(
            site,
            scales: .input(1),
            values: site.constant(1)?.doubles().map { Float($0) },
            to: opset
        )
    }

    static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation? {
        guard let shape = site.type(0).sizes, let target = try ResizeForm(site).target(site, shape) else { return nil }
        return try ResizeForm(site).resampling(shape, target).computation(shape)
    }

    /// Where whole blocks repeat one element: the sum over each block.
    static func gradient(_ site: OperatorSite, _ fragment: inout GradientFragment) throws(CNNOptError) {
        guard fragment.wants(0), case .nearestResize(let rows, let columns)? = try computation(site) else { return }
        let shape = try fragment.inputSizes(0)
        var factors: [Int] = []
        for (places, size) in [(rows, shape[2]), (columns, shape[3])] {
            guard size > 0, places.count % size == 0, !places.isEmpty else { return }
            let factor = places.count / size
            guard places.indices.allSatisfy({ Int(places[$0]) == $0 / factor }) else { return }
            factors.append(factor)
        }
        let means = fragment.add(
            "AveragePool",
            [try fragment.gradient()],
            [Attribute("kernel_shape", factors), Attribute("strides", factors)]
        )
        fragment.set(try fragment.product(means, Double(factors[0] * factors[1])), for: 0)
    }
}
