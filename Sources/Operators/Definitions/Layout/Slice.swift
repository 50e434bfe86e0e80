import GraphIR
import Tensors

/// A regular part of the input: start, end and step along some axes. Attributes before operator set 10, inputs since.
enum Slice: MergingOperator {
    static let schema = OperatorSchema("Slice", versions: [1, 10, 11, 13], inputs: 1...5)
    static var traits: OperatorTraits { [.movesData, .isQuantizable] }
    private static let starts = ListParameter("starts", port: 1, since: 10)
    private static let ends = ListParameter("ends", port: 2, since: 10)
    private static let axes = ListParameter("axes", port: 3, since: 10)
    private static let steps = ListParameter("steps", port: 4, since: 10)

    /// What is known of the sliced axes: the range, or nil where it is computed; nil where not even the axes are known.
    private static func ranges(_ site: OperatorSite, rank: Int) throws(CNNOptError) -> [Int: SliceRange?]? {
        let count: Int
        let listed: [Int]
        switch try axes.knowledge(site) {
        case .computed: return nil
        case .known(let list):
            listed = try AxisNumbers.normalized(list, rank: rank)
            count = list.count
        case .absent:
            guard let length = try length(site) else { return nil }
            guard length <= rank else { throw site.failure(.invalidModel, "\(length) slices of rank \(rank)") }
            count = length
            listed = Array(0..<length)
        }
        let from = try elements(starts, site, count)
        let to = try elements(ends, site, count)
        let by = try elements(steps, site, count) ?? [Dimension](repeating: 1, count: count)
        var result: [Int: SliceRange?] = [:]
        for (i, axis) in listed.enumerated() {
            if case .known(let start)? = from?[i], case .known(let end)? = to?[i], case .known(let step) = by[i] {
                result[axis] = .some(SliceRange(start: start, end: end, step: step))
            } else {
                result[axis] = .some(nil)
            }
        }
        return result
    }

    private static func length(_ site: OperatorSite) throws(CNNOptError) -> Int? {
        if let known = try starts.known(site) { return known.count }
        return site.shapeElements(starts.port)?.elements.count ?? site.shape(starts.port)?.first?.size
    }

    private static func elements(
        _ list: ListParameter,
        _ site: OperatorSite,
        _ count: Int
    ) throws(CNNOptError) -> [Dimension]? {
        let result: [Dimension]?
        switch try list.knowledge(site) {
        case .absent: result = nil
        case .known(let values): result = values.map(Dimension.known)
        case .computed:
            result = site.shapeElements(list.port)?.elements ?? [Dimension](repeating: .unknown, count: count)
        }
        guard result?.count ?? count == count else {
            throw site.failure(.invalidModel, "\(result?.count ?? 0) \(list.name) for \(count) axes")
        }
        return result
    }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        guard var shape = site.shape(0) else { return [TensorType(site.elementType(0), nil)] }
        guard let ranges = try ranges(site, rank: shape.count) else {
            return [TensorType(site.elementType(0), Shape(repeating: .unknown, count: shape.count))]
        }
        for (axis, range) in ranges { shape[axis] = try range?.resolved(shape[axis]) ?? .unknown }
        return [TensorType(site.elementType(0), shape)]
    }

    static func reordered(_ site: OperatorSite, by order: AxisOrder) throws(CNNOptError) -> ReorderedNode? {
        let listed: [Int]
        switch try axes.knowledge(site) {
        case .computed: return nil
        case .known(let list): listed = list
        case .absent:
            guard site.elementType(starts.port) != .int32, let count = try length(site), count <= order.rank else {
                return nil
            }
            listed = Array(0..<count)
        }
        let moved = try AxisNumbers.normalized(listed, rank: order.rank).map { order.places[$0] }
        return ReorderedNode(edit: try axes.edit(moved, site))
    }

    static func inferElements(_ site: OperatorSite) throws(CNNOptError) -> [ShapeElements?] {
        guard let all = site.shapeElements(0), !all.isScalar, let ranges = try ranges(site, rank: 1) else { return [] }
        guard let entry = ranges[0] else { return [all] }
        guard let range = entry else { return [] }
        let (first, step, count) = try range.resolved(size: all.elements.count)
        return [ShapeElements((0..<count).map { all.elements[first + $0 * step] })]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let readStarts = try starts.reader(site)
        let readEnds = try ends.reader(site)
        let readAxes = try axes.reader(site)
        let readSteps = try steps.reader(site)
        return ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            let data = try inputs.required(0)
            guard let from = try readStarts(inputs), let to = try readEnds(inputs) else {
                throw CNNOptError(.invalidModel, "starts or ends are missing")
            }
            let count = from.count
            let axes = try AxisNumbers.normalized(readAxes(inputs) ?? Array(0..<count), rank: data.shape.count)
            let by = try readSteps(inputs) ?? [Int](repeating: 1, count: count)
            guard to.count == count, axes.count == count, by.count == count else {
                throw CNNOptError(.invalidModel, "starts, ends, axes and steps are not equally long")
            }
            let strides = rowMajorStrides(data.shape)
            var copy = data.shape.indices.map {
                IndexedCopy.Axis.strided(start: 0, step: strides[$0], count: data.shape[$0])
            }
            for (i, axis) in axes.enumerated() {
                let range = SliceRange(start: from[i], end: to[i], step: by[i])
                let (first, step, count) = try range.resolved(size: data.shape[axis])
                // The step of an axis with one index does not matter, and might overflow.
                let stride = count > 1 ? step * strides[axis] : 0
                copy[axis] = .strided(start: first * strides[axis], step: stride, count: count)
            }
            return [try IndexedCopy(axes: copy).run(data, threads: threads)]
        }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        guard let shape = site.shape(0), let output = site.outputType(0).shape else {
            return .barrier("the rank of its input is unknown")
        }
        guard let ranges = try ranges(site, rank: shape.count) else {
            return .barrier("its axes are computed at run time")
        }
        var coupling = ChannelCoupling.mapping(
            shape,
            shape.indices.filter { ranges[$0] == nil }.map { (input: $0, output: $0) }
        )
        // Starts and ends change when a sliced axis shrinks: all of them have to be known then.
        guard let listed = try starts.known(site), try ends.known(site)?.count == listed.count else {
            if coupling.links.isEmpty { coupling.reason = "its starts and ends are computed at run time" }
            return coupling
        }
        for (axis, range) in ranges {
            guard let range, let size = shape[axis].size, output.indices.contains(axis) else { continue }
            let (first, step, count) = try range.resolved(size: size)
            guard step == 1, count > 0 else { continue }
            coupling.links.append(
                .init(.init(.output(0), axis), .init(.input(0), axis), count: count, extent: size, offset: first)
            )
        }
        return coupling
    }

    static func narrowed(_ site: OperatorSite, _ selection: ChannelSelection) throws(CNNOptError) -> NodeEdit {
        guard let shape = site.shape(0), let ranges = try ranges(site, rank: shape.count),
            var from = try starts.known(site), var to = try ends.known(site)
        else { return NodeEdit() }
        let listed = try axes.known(site) ?? Array(0..<from.count)
        var isChanged = false
        for (i, axis) in try AxisNumbers.normalized(listed, rank: shape.count).enumerated() {
            guard let entry = ranges[axis], let range = entry, let size = shape[axis].size,
                let kept = selection.kept(.input(0), axis)
            else { continue }
            let (first, _, count) = try range.resolved(size: size)
            from[i] = kept.count { $0 < first }
            to[i] = kept.count { $0 < first + count }
            isChanged = true
        }
        guard isChanged else { return NodeEdit() }
        return try starts.edit(from, site).merging(ends.edit(to, site))
    }

    static func forwardedInput(_ site: OperatorSite) throws(CNNOptError) -> Int? {
        guard let shape = site.shape(0), let ranges = try ranges(site, rank: shape.count) else { return nil }
        for (axis, range) in ranges {
            guard let range, range.step > 0, range.start >= 0, try range.resolved(shape[axis]) == shape[axis],
                shape[axis] != .unknown
            else { return nil }
        }
        return 0
    }

    /// Slices of other axes stand side by side; those of one axis follow from each other where its size is known.
    static func merged(
        _ site: OperatorSite,
        after earlier: OperatorSite,
        of definition: any Operator.Type
    ) throws(CNNOptError) -> MergedNode? {
        guard definition == Self.self, let shape = earlier.shape(0),
            let first = try ranges(earlier, rank: shape.count), let second = try ranges(site, rank: shape.count)
        else { return nil }
        var merged: [(axis: Int, range: SliceRange)] = []
        for axis in shape.indices {
            switch (first[axis], second[axis]) {
            case (nil, nil): break
            case (.some(let range?), nil), (nil, .some(let range?)): merged.append((axis, range))
            case (.some(let a?), .some(let b?)):
                guard let size = shape[axis].size, let both = try a.followed(by: b, size: size) else { return nil }
                merged.append((axis, both))
            default: return nil
            }
        }
        let hasSteps = merged.contains { $0.range.step != 1 }
        var lists = [
            (starts, merged.map { $0.range.start }), (ends, merged.map { $0.range.end }),
            (axes, merged.map { $0.axis }),
        ]
        if hasSteps { lists.append((steps, merged.map { $0.range.step })) }
        var node = MergedNode("Slice", [.earlier(0)])
        for (list, values) in lists {
            if list.isInput(site) {
                node.inputs.append(.constant(try TensorData(values.map(Int64.init)), stem: list.name))
            } else {
                guard !hasSteps else { return nil }
                node.attributes.append(Attribute(list.name, values))
            }
        }
        return node
    }

    static func upgraded(_ site: OperatorSite, to opset: Int) throws(CNNOptError) -> OperatorRewrite? {
        guard !starts.isInput(site), opset >= starts.since else { return nil }
        guard let from = try starts.operand(site), let to = try ends.operand(site) else {
            throw site.failure(.invalidModel, "starts or ends are missing")
        }
        return OperatorRewrite([.init("Slice", [.input(0), from, to] + (try axes.operand(site).map { [$0] } ?? []))])
    }

    static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation? {
        guard let shape = site.type(0).sizes, let ranges = try ranges(site, rank: shape.count) else { return nil }
        var parts = shape.map { (first: 0, step: 1, count: $0) }
        for (axis, range) in ranges {
            guard let range else { return nil }
            parts[axis] = try range.resolved(size: shape[axis])
        }
        return .slice(parts)
    }

    static func gradient(_ site: OperatorSite, _ fragment: inout GradientFragment) throws(CNNOptError) {
        guard fragment.wants(0), case .slice(let parts)? = try computation(site) else { return }
        fragment.set(
            try fragment.placed(try fragment.gradient(), parts, in: try fragment.inputSizes(0)),
            for: 0
        )
    }
}
