import GraphIR
import Tensors

/// The input cut along one axis: by listed sizes, or into equal parts.
enum Split: Operator {
    static let schema = OperatorSchema("Split", versions: [1, 2, 11, 13, 18], inputs: 1...2, outputs: 1...Int.max)
    static var traits: OperatorTraits { [.movesData, .isQuantizable] }
    private static let split = ListParameter("split", port: 1, since: 13)

    /// The number of parts: what `num_outputs` says (operator set 18 and later), or the node's outputs.
    private static func parts(_ site: OperatorSite) throws(CNNOptError) -> Int {
        let outputs = site.node.outputs.count
        let parts = try site.int("num_outputs") ?? outputs
        guard parts >= outputs, parts > 0, parts <= 1 << 16 else {
            throw site.failure(.invalidModel, "\(parts) parts for \(outputs) outputs")
        }
        return parts
    }

    /// The sizes of the parts of an axis.
    /// - Throws: `invalidModel` where listed sizes do not sum to the axis.
    private static func sizes(_ listed: [Int]?, _ parts: Int, of total: Int) throws(CNNOptError) -> [Int] {
        guard let listed else {
            let part = total / parts + (total % parts == 0 ? 0 : 1)
            return (0..<parts).map { max(0, min(part, total - $0 * part)) }
        }
        var rest = total
        for size in listed {
            guard size >= 0, size <= rest else {
                throw CNNOptError(.invalidModel, "split sizes \(listed) do not fit an axis of \(total)")
            }
            rest -= size
        }
        guard rest == 0 else {
            throw CNNOptError(.invalidModel, "split sizes \(listed) do not fill an axis of \(total)")
        }
        return listed
    }

    /// The axis and the parts' sizes; sizes are nil where they are not known.
    private static func layout(_ site: OperatorSite, _ shape: Shape) throws(CNNOptError) -> (axis: Int, sizes: [Int]?) {
        let axis = try AxisNumbers.normalized(site.int("axis", default: 0), rank: shape.count)
        let total = shape[axis].size
        switch try split.knowledge(site) {
        case .computed: return (axis, nil)
        case .known(let listed):
            guard listed.count >= site.node.outputs.count else {
                throw site.failure(.invalidModel, "\(listed.count) sizes for \(site.node.outputs.count) outputs")
            }
            return (axis, try total.map { (t) throws(CNNOptError) in try sizes(listed, listed.count, of: t) } ?? listed)
        case .absent:
            let parts = try parts(site)
            return (axis, try total.map { (t) throws(CNNOptError) in try sizes(nil, parts, of: t) })
        }
    }

    static func reordered(_ site: OperatorSite, by order: AxisOrder) throws(CNNOptError) -> ReorderedNode? {
        try .axis(site.int("axis", default: 0), site, order)
    }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        if site.opset < 13 { try site.checkNoInputs(from: 1) }
        guard let shape = site.shape(0) else {
            return site.node.outputs.map { _ in TensorType(site.elementType(0), nil) }
        }
        let (axis, sizes) = try layout(site, shape)
        return site.node.outputs.indices.map { port in
            var part = shape
            part[axis] = sizes.map { Dimension.known($0[port]) } ?? .unknown
            return TensorType(site.elementType(0), part)
        }
    }

    static func inferElements(_ site: OperatorSite) throws(CNNOptError) -> [ShapeElements?] {
        guard let all = site.shapeElements(0), let shape = site.shape(0), shape.count == 1,
            let sizes = try layout(site, shape).sizes, sizes.reduce(0, +) == all.elements.count
        else { return [] }
        var start = 0
        return sizes.map { size in
            defer { start += size }
            return ShapeElements(Array(all.elements[start..<start + size]))
        }
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let attribute = try site.int("axis", default: 0)
        let parts = try parts(site)
        let read = try split.reader(site)
        return ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            let data = try inputs.required(0)
            let axis = try AxisNumbers.normalized(attribute, rank: data.shape.count)
            let strides = rowMajorStrides(data.shape)
            var results: [TensorData] = []
            var start = 0
            for size in try sizes(read(inputs), parts, of: data.shape[axis]) {
                let axes = data.shape.indices.map { k in
                    IndexedCopy.Axis.strided(
                        start: k == axis ? start * strides[k] : 0,
                        step: strides[k],
                        count: k == axis ? size : data.shape[k]
                    )
                }
                results.append(try IndexedCopy(axes: axes).run(data, threads: threads))
                start += size
            }
            return results
        }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        guard let shape = site.shape(0) else { return .barrier("the rank of its input is unknown") }
        let (axis, sizes) = try layout(site, shape)
        var coupling = ChannelCoupling()
        var start = 0
        for port in site.node.outputs.indices {
            let out = ChannelCoupling.Port.output(port)
            for other in shape.indices where other != axis {
                guard let size = shape[other].size else { continue }
                coupling.links.append(.init(.init(.input(0), other), .init(out, other), count: size))
            }
            guard let sizes, let total = shape[axis].size else { continue }
            coupling.links.append(
                .init(.init(out, axis), .init(.input(0), axis), count: sizes[port], extent: total, offset: start)
            )
            start += sizes[port]
        }
        return coupling
    }

    static func narrowed(_ site: OperatorSite, _ selection: ChannelSelection) throws(CNNOptError) -> NodeEdit {
        guard let shape = site.shape(0) else { return NodeEdit() }
        let (axis, sizes) = try layout(site, shape)
        guard let sizes, let kept = selection.kept(.input(0), axis) else { return NodeEdit() }
        var start = 0
        let left = sizes.map { size in
            let range = start..<start + size
            start += size
            return kept.count { range.contains($0) }
        }
        if case .absent = try split.knowledge(site), try left == self.sizes(nil, left.count, of: kept.count) {
            return NodeEdit()
        }
        var edit = try split.edit(left, site)
        // The sizes take the place of the number of parts.
        if site.node.attribute("num_outputs") != nil { edit.removedAttributes = ["num_outputs"] }
        return edit
    }

    static func forwardedInput(_ site: OperatorSite) throws(CNNOptError) -> Int? { site.hasSameShape(0) ? 0 : nil }

    static func upgraded(_ site: OperatorSite, to opset: Int) throws(CNNOptError) -> OperatorRewrite? {
        guard site.opset < 18, opset >= split.since else { return nil }
        let axis = Attribute("axis", try site.int("axis", default: 0))
        let count = site.node.outputs.count
        if !split.isInput(site), let sizes = try split.operand(site) {
            return OperatorRewrite([.init("Split", [.input(0), sizes], outputCount: count, attributes: [axis])])
        }
        if site.has(1) || (split.isInput(site) && opset < 18) { return nil }
        let number = opset >= 18 ? [Attribute("num_outputs", count)] : []
        return OperatorRewrite([.init("Split", [.input(0)], outputCount: count, attributes: [axis] + number)])
    }

    static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation? {
        guard let shape = site.shape(0), case let (axis, sizes?) = try layout(site, shape) else { return nil }
        return .split(axis: axis, sizes: sizes)
    }

    static func gradient(_ site: OperatorSite, _ fragment: inout GradientFragment) throws(CNNOptError) {
        guard fragment.wants(0), case .split(let axis, _)? = try computation(site) else { return }
        var parts: [GradientFragment.Operand] = []
        for port in site.node.outputs.indices { parts.append(try fragment.gradient(port)) }
        fragment.set(fragment.add("Concat", parts, [Attribute("axis", axis)]), for: 0)
    }
}
