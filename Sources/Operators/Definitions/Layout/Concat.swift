import GraphIR
import Tensors

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The inputs one behind the other along one axis.
enum Concat: Operator {
    static let schema = OperatorSchema("Concat", versions: [1, 4, 11, 13], inputs: 1...Int.max)
    static var traits: OperatorTraits { [.isQuantizable, .joins] }

    /// The attribute, which may count from behind.
    static func axis(_ site: OperatorSite) throws(CNNOptError) -> Int {
        guard let axis = try site.int("axis") else { throw site.failure(.invalidModel, "attribute 'axis' is missing") }
        return axis
    }

    static func reordered(_ site: OperatorSite, by order: AxisOrder) throws(CNNOptError) -> ReorderedNode? {
        try .axis(axis(site), ports: Array(site.inputs.indices), site, order)
    }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        let elementType = site.inputs.lazy.compactMap { $0?.type.elementType }.first
        let shapes = site.inputs.indices.compactMap { site.shape($0) }
        guard var result = shapes.first else { return [TensorType(elementType, nil)] }
        let axis = try AxisNumbers.normalized(axis(site), rank: result.count)
        for shape in shapes {
            guard shape.count == result.count else {
                throw site.failure(.invalidModel, "inputs of rank \(result.count) and \(shape.count)")
            }
            for other in shape.indices where other != axis {
                switch (result[other].size, shape[other].size) {
                case (let a?, let b?):
                    guard a == b else {
                        throw site.failure(.invalidModel, "inputs of size \(a) and \(b) on axis \(other)")
                    }
                case (nil, .some): result[other] = shape[other]
                default: if case .unknown = result[other] { result[other] = shape[other] }
                }
            }
        }
        result[axis] = total(shapes.map { $0[axis] }, of: site.inputs.count)
        return [TensorType(elementType, result)]
    }

    private static func total(_ sizes: [Dimension], of count: Int) -> Dimension {
        guard sizes.count == count else { return .unknown }
        if sizes.count == 1 { return sizes[0] }
        var sum = 0
        for dimension in sizes {
            guard let size = dimension.size else { return .unknown }
            let (next, overflow) = sum.addingReportingOverflow(size)
            guard !overflow else { return .unknown }
            sum = next
        }
        return .known(sum)
    }

    static func inferElements(_ site: OperatorSite) throws(CNNOptError) -> [ShapeElements?] {
        var result: [Dimension] = []
        for port in site.inputs.indices {
            if let elements = site.shapeElements(port), !elements.isScalar {
                result += elements.elements
            } else if let shape = site.shape(port), shape.count == 1, let count = shape[0].size,
                count <= ShapeElements.limit, site.elementType(port)?.isInteger ?? false
            {
                result += [Dimension](repeating: .unknown, count: count)
            } else {
                return []
            }
            if result.count > ShapeElements.limit { return [] }
        }
        return [ShapeElements(result)]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let axis = try axis(site)
        return ReferenceKernel { (inputs, _) throws(CNNOptError) in
            var parts: [TensorData] = []
            for port in inputs.indices { parts.append(try inputs.required(port)) }
            return try ElementMoving.run(parts) { (parts) throws(CNNOptError) in [try join(parts, axis)] }
        }
    }

    static func join(_ parts: [TensorData], _ axis: Int) throws(CNNOptError) -> TensorData {
        guard var shape = parts.first?.shape, let type = parts.first?.elementType else {
            throw CNNOptError(.invalidModel, "no inputs")
        }
        let axis = try AxisNumbers.normalized(axis, rank: shape.count)
        var total = 0
        for part in parts {
            var other = part.shape
            guard other.count == shape.count else { throw CNNOptError(.invalidModel, "inputs of different ranks") }
            let (sum, overflow) = total.addingReportingOverflow(other[axis])
            guard !overflow else { throw CNNOptError(.invalidModel, "the sizes along axis \(axis) overflow") }
            total = sum
            other[axis] = shape[axis]
            guard other == shape else {
                throw CNNOptError(.invalidModel, "shapes \(shape) and \(part.shape) differ beside axis \(axis)")
            }
        }
        shape[axis] = total
        let bytes = try TensorData.byteCount(type, shape).bytes
        let rows = checkedProduct(shape[..<axis]) ?? 0
        return try TensorData.writing(type, shape: shape) { (target) throws(CNNOptError) in
            guard bytes > 0 else { return }
            let row = bytes / rows
            var offset = 0
            for part in parts where part.count > 0 {
                try part.withBytes { (source) throws(CNNOptError) in
                    guard let base = source.baseAddress else { return }
                    let size = source.count / rows
                    for i in 0..<rows { memcpy(target + offset + i * row, base + i * size, size) }
                    offset += size
                }
            }
        }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        guard let output = site.outputType(0).shape else { return .barrier("the rank of its output is unknown") }
        let axis = try AxisNumbers.normalized(axis(site), rank: output.count)
        var coupling = ChannelCoupling()
        var offset = 0
        for port in site.inputs.indices {
            for other in output.indices where other != axis {
                guard let size = output[other].size else { continue }
                coupling.links.append(.init(.init(.input(port), other), .init(.output(0), other), count: size))
            }
            guard let total = output[axis].size, let size = site.shape(port)?[axis].size else { continue }
            let (end, overflow) = offset.addingReportingOverflow(size)
            guard !overflow, end <= total else { return .barrier("its inputs are larger than its output") }
            coupling.links.append(
                .init(.init(.input(port), axis), .init(.output(0), axis), count: size, extent: total, offset: offset)
            )
            offset = end
        }
        return coupling
    }

    static func forwardedInput(_ site: OperatorSite) throws(CNNOptError) -> Int? { site.inputs.count == 1 ? 0 : nil }

    static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation? {
        guard let rank = site.shape(0)?.count else { return nil }
        return .concatenation(axis: try AxisNumbers.normalized(axis(site), rank: rank))
    }

    static func gradient(_ site: OperatorSite, _ fragment: inout GradientFragment) throws(CNNOptError) {
        guard case .concatenation(let axis)? = try computation(site) else { return }
        let sizes = try site.inputs.indices.map { (port) throws(CNNOptError) in try fragment.inputSizes(port)[axis] }
        let parts = fragment.add(
            "Split",
            [try fragment.gradient(), try fragment.integers(sizes)],
            [Attribute("axis", axis)],
            outputs: sizes.count
        )
        guard case .step(let index, _) = parts else { return }
        for port in sizes.indices where fragment.wants(port) { fragment.set(.step(index, output: port), for: port) }
    }
}
