import GraphIR
import Tensors

/// Elements added around the input, or taken away where a pad is negative. Attributes before operator set 11, inputs since.
enum Pad: MergingOperator {
    static let schema = OperatorSchema("Pad", versions: [2, 11, 13, 18, 19, 21, 23, 24], inputs: 1...4)
    private static let pads = ListParameter("pads", port: 1, since: 11)

    /// Zeros, and elements of the tensor itself, are in every range that the tensor needs.
    static func traits(_ site: OperatorSite) throws(CNNOptError) -> OperatorTraits {
        let value =
            pads.isInput(site) ? try site.constant(2)?.doubles().first : try site.float("value").map(Double.init)
        let isStored = !pads.isInput(site) || !site.has(2) || value != nil
        let addsOthers = try mode(site) == .constant && (!isStored || value ?? 0 != 0)
        return addsOthers ? traits : [.movesData, .isQuantizable]
    }

    /// What the new places hold.
    enum Mode: String { case constant, reflect, edge, wrap }

    static func mode(_ site: OperatorSite) throws(CNNOptError) -> Mode {
        let name = try site.string("mode", default: "constant")
        guard let mode = Mode(rawValue: name) else { throw site.failure(.unsupported, "mode '\(name)'") }
        return mode
    }

    /// One pad in front and one behind for each axis of the tensor.
    private static func perAxis(_ pads: [Int], _ axes: [Int]?, rank: Int) throws(CNNOptError) -> [(
        front: Int, back: Int
    )] {
        let axes = try AxisNumbers.normalized(axes ?? Array(0..<rank), rank: rank)
        guard pads.count == 2 * axes.count else {
            throw CNNOptError(.invalidModel, "\(pads.count) pads for \(axes.count) axes")
        }
        var result = [(front: Int, back: Int)](repeating: (0, 0), count: rank)
        for (i, axis) in axes.enumerated() { result[axis] = (pads[i], pads[axes.count + i]) }
        return result
    }

    static func known(_ site: OperatorSite, rank: Int) throws(CNNOptError) -> [(front: Int, back: Int)]? {
        guard let list = try pads.known(site) else { return nil }
        if site.has(3) {
            guard let axes = site.integers(3) else { return nil }
            return try perAxis(list, axes, rank: rank)
        }
        return try perAxis(list, nil, rank: rank)
    }

    private static func padded(_ size: Int, _ pad: (front: Int, back: Int)) throws(CNNOptError) -> Int {
        let (a, first) = size.addingReportingOverflow(pad.front)
        let (b, second) = a.addingReportingOverflow(pad.back)
        guard !first, !second, b >= 0 else {
            throw CNNOptError(.invalidModel, "pads \(pad.front) and \(pad.back) do not fit an axis of \(size)")
        }
        return b
    }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        guard var shape = site.shape(0) else { return [TensorType(site.elementType(0), nil)] }
        guard let pads = try known(site, rank: shape.count) else {
            return [TensorType(site.elementType(0), Shape(repeating: .unknown, count: shape.count))]
        }
        for axis in shape.indices where pads[axis] != (0, 0) {
            shape[axis] = if let size = shape[axis].size { .known(try padded(size, pads[axis])) } else { .unknown }
        }
        return [TensorType(site.elementType(0), shape)]
    }

    static func reordered(_ site: OperatorSite, by order: AxisOrder) throws(CNNOptError) -> ReorderedNode? {
        guard let list = try pads.known(site) else { return nil }
        if site.has(3) {
            guard let axes = site.integers(3) else { return nil }
            let moved = try AxisNumbers.normalized(axes, rank: order.rank).map { order.places[$0] }
            let stored =
                site.elementType(3) == .int32
                ? try TensorData(moved.map { Int32(clamping: $0) }) : try TensorData(moved.map(Int64.init))
            return ReorderedNode(edit: NodeEdit(constants: [3: stored]))
        }
        guard list.count == 2 * order.rank else { return nil }
        let moved = order.moved(Array(list[..<order.rank])) + order.moved(Array(list[order.rank...]))
        return ReorderedNode(edit: try pads.edit(moved, site))
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let mode = try mode(site)
        let read = try pads.reader(site)
        let value = pads.isInput(site) ? nil : try site.float("value", default: 0)
        let takesInput = pads.isInput(site)
        return ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            let data = try inputs.required(0)
            guard let list = try read(inputs) else { throw CNNOptError(.invalidModel, "pads are missing") }
            let axes = takesInput ? try inputs.integers(3) : nil
            let pads = try perAxis(list, axes, rank: data.shape.count)
            var shape: [Int] = []
            for axis in data.shape.indices { shape.append(try padded(data.shape[axis], pads[axis])) }
            try IndexedCopy.check(shape, data.elementType)
            if shape.contains(0) { return [try TensorData(zeros: data.elementType, shape: shape)] }
            let strides = rowMajorStrides(data.shape)
            var copy: [IndexedCopy.Axis] = []
            for axis in shape.indices {
                if pads[axis] == (0, 0) {
                    copy.append(.strided(start: 0, step: strides[axis], count: shape[axis]))
                } else {
                    let indices = try places(data.shape[axis], pads[axis], shape[axis], mode)
                    copy.append(.listed(indices.map { $0 < 0 ? -1 : $0 * strides[axis] }))
                }
            }
            let fill = try fill(takesInput ? inputs.optional(2) : nil, value, data.elementType)
            return [try IndexedCopy(axes: copy).run(data, fill: fill, threads: threads)]
        }
    }

    /// The input's index for each index of a padded axis; −1 for none.
    private static func places(
        _ size: Int,
        _ pad: (front: Int, back: Int),
        _ padded: Int,
        _ mode: Mode
    ) throws(CNNOptError) -> [Int] {
        if mode == .constant { return (0..<padded).map { (0..<size).contains($0 - pad.front) ? $0 - pad.front : -1 } }
        // Negative pads cut first; what is left is continued.
        let first = max(0, -pad.front)
        let window = size - first - max(0, -pad.back)
        guard window > 0 else {
            throw CNNOptError(.invalidModel, "mode \(mode.rawValue) has no elements to repeat on an axis of \(size)")
        }
        let front = max(0, pad.front)
        return (0..<padded).map { place in
            let i = place - front
            switch mode {
            case .edge, .constant: return first + min(max(i, 0), window - 1)
            case .wrap: return first + (i % window + window) % window
            case .reflect:
                let period = max(1, 2 * (window - 1))
                let turn = (i % period + period) % period
                return first + min(turn, period - turn) % window
            }
        }
    }

    private static func fill(
        _ input: TensorData?,
        _ value: Float?,
        _ type: ElementType
    ) throws(CNNOptError) -> TensorData? {
        if let input {
            guard input.count == 1, input.elementType == type else {
                throw CNNOptError(.invalidModel, "the fill value is not one element of type \(type.onnxName)")
            }
            return input
        }
        guard let value, value != 0 else { return nil }
        return try scalar(value, type)
    }

    private static func scalar(_ value: Float, _ type: ElementType) throws(CNNOptError) -> TensorData {
        switch type {
        case .float32: return try TensorData([value], shape: [])
        case .float64: return try TensorData([Double(value)], shape: [])
        case .float16: return try TensorData([Float16(value)], shape: [])
        default: throw CNNOptError(.unsupported, "fill value \(value) for element type \(type.onnxName)")
        }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        guard let shape = site.shape(0), let pads = try known(site, rank: shape.count) else {
            return .barrier("its pads are computed at run time")
        }
        let mode = try mode(site)
        var coupling = ChannelCoupling()
        for (axis, dimension) in shape.enumerated() {
            guard let size = dimension.size else { continue }
            let (input, output) = (ChannelCoupling.Axis(.input(0), axis), ChannelCoupling.Axis(.output(0), axis))
            let (front, back) = pads[axis]
            if (front, back) == (0, 0) {
                coupling.links.append(.init(input, output, count: size))
            } else if mode == .constant {
                // New channels belong to nothing here, and neither do channels that are cut off.
                let count = size + min(front, 0) + min(back, 0)
                guard count > 0 else { continue }
                let padded = try padded(size, pads[axis])
                coupling.links.append(
                    front < 0
                        ? .init(output, input, count: count, extent: size, offset: -front)
                        : .init(input, output, count: count, extent: padded, offset: front)
                )
            }
        }
        return coupling
    }

    static func narrowed(_ site: OperatorSite, _ selection: ChannelSelection) throws(CNNOptError) -> NodeEdit {
        guard let shape = site.shape(0), var pads = try known(site, rank: shape.count) else { return NodeEdit() }
        var isChanged = false
        for (axis, dimension) in shape.enumerated() where pads[axis] != (0, 0) {
            guard let size = dimension.size else { continue }
            let (front, back) = pads[axis]
            let total = try padded(size, pads[axis])
            let input = selection.kept(.input(0), axis)
            let output = selection.kept(.output(0), axis)
            guard input != nil || output != nil else { continue }
            // What is left of new channels, or of channels that are cut off.
            pads[axis].front =
                front >= 0 ? count(output, 0..<front) : -count(input, 0..<min(-front, size))
            pads[axis].back =
                back >= 0 ? count(output, max(0, total - back)..<total) : -count(input, max(0, size + back)..<size)
            isChanged = true
        }
        guard isChanged else { return NodeEdit() }
        let axes =
            site.has(3) ? try AxisNumbers.normalized(site.integers(3) ?? [], rank: shape.count) : Array(shape.indices)
        return try self.pads.edit(axes.map { pads[$0].front } + axes.map { pads[$0].back }, site)
    }

    /// How many indices of a range stay; all where nothing is removed.
    private static func count(_ kept: [Int]?, _ range: Range<Int>) -> Int {
        kept?.count { range.contains($0) } ?? range.count
    }

    static func forwardedInput(_ site: OperatorSite) throws(CNNOptError) -> Int? {
        guard let rank = site.shape(0)?.count, let pads = try known(site, rank: rank) else { return nil }
        return pads.allSatisfy { $0 == (0, 0) } ? 0 : nil
    }

    static func zeroPadding(_ site: OperatorSite) throws(CNNOptError) -> [AxisPadding]? {
        guard let filling = try filling(site), filling.value == 0 else { return nil }
        return filling.axes
    }

    static func filling(_ site: OperatorSite) throws(CNNOptError) -> Filling? {
        guard try mode(site) == .constant, let rank = site.shape(0)?.count, let pads = try known(site, rank: rank),
            pads.allSatisfy({ $0.front >= 0 && $0.back >= 0 })
        else { return nil }
        var value = Double(try site.float("value", default: 0))
        if site.has(2) {
            guard let stored = try site.constant(2)?.doubles(), stored.count == 1 else { return nil }
            value = stored[0]
        }
        return Filling(axes: pads.map { AxisPadding(front: $0.front, back: $0.back) }, value: value)
    }

    /// Pads of the same constant, or of edges, add up.
    static func merged(
        _ site: OperatorSite,
        after earlier: OperatorSite,
        of definition: any Operator.Type
    ) throws(CNNOptError) -> MergedNode? {
        let mode = try mode(site)
        guard definition == Self.self, let rank = earlier.shape(0)?.count, try self.mode(earlier) == mode,
            mode == .constant || mode == .edge, let first = try known(earlier, rank: rank),
            let second = try known(site, rank: rank),
            (first + second).allSatisfy({ $0.front >= 0 && $0.back >= 0 })
        else { return nil }
        let zeros = (try zeroPadding(earlier), try zeroPadding(site))
        if mode == .constant, zeros.0 == nil || zeros.1 == nil {
            guard site.has(2), let value = site.constant(2), earlier.constant(2)?.isIdentical(to: value) ?? false else {
                return nil
            }
        }
        var list: [Int] = []
        for side in [zip(first, second).map { ($0.front, $1.front) }, zip(first, second).map { ($0.back, $1.back) }] {
            for (a, b) in side {
                let (sum, overflow) = a.addingReportingOverflow(b)
                guard !overflow else { return nil }
                list.append(sum)
            }
        }
        let name = Attribute("mode", mode.rawValue)
        guard pads.isInput(site) else {
            return MergedNode("Pad", [.earlier(0)], attributes: [name, Attribute(pads.name, list)])
        }
        let value: [MergedNode.Operand?] = mode == .constant && site.has(2) ? [.later(2)] : []
        return MergedNode(
            "Pad",
            [.earlier(0), .constant(try TensorData(list.map(Int64.init)), stem: pads.name)] + value,
            attributes: [name]
        )
    }

    static func upgraded(_ site: OperatorSite, to opset: Int) throws(CNNOptError) -> OperatorRewrite? {
        guard !pads.isInput(site), opset >= pads.since else { return nil }
        guard let list = try pads.operand(site) else { throw site.failure(.invalidModel, "pads are missing") }
        let value = try site.float("value", default: 0)
        var inputs: [OperatorRewrite.Operand?] = [.input(0), list]
        if value != 0 {
            guard let type = site.elementType(0) else {
                throw site.failure(.unsupported, "the element type of its input is not known")
            }
            inputs.append(.constant(try scalar(value, type), stem: "value"))
        }
        return OperatorRewrite([.init("Pad", inputs, attributes: [Attribute("mode", try mode(site).rawValue)])])
    }

    static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation? {
        try zeroPadding(site).map { .zeroPadding($0) }
    }
}
