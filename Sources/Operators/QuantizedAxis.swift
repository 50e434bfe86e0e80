import GraphIR
import Tensors

/// How scales and zero points spread over a tensor: one for all, one for each index of an axis, or one for each block along it.
struct QuantizedAxis: Sendable {
    /// Elements that lie between two indices of the axis, and indices of the axis.
    let inner: Int
    let length: Int
    /// Indices of the axis that share a scale; 0 where one scale holds for the whole tensor.
    let block: Int
    /// Scales along the axis.
    let scales: Int

    /// Whether every element across the axis has a scale of its own in each block.
    private let isBlocked: Bool

    /// - Throws: `invalidModel` where the scale's shape does not fit.
    init(_ shape: [Int], scale: [Int], axis: Int, block: Int) throws(CNNOptError) {
        isBlocked = block != 0
        if scale.isEmpty || (scale == [1] && !isBlocked) {
            (inner, length, self.block, scales) = (1, 1, 0, 1)
            return
        }
        let position = axis < 0 ? axis + shape.count : axis
        guard shape.indices.contains(position), block >= 0 else {
            throw CNNOptError(.invalidModel, "axis \(axis), block \(block) in a tensor of rank \(shape.count)")
        }
        length = shape[position]
        inner = shape[(position + 1)...].reduce(1, *)
        self.block = max(block, 1)
        var wanted = shape
        wanted[position] = length / self.block + (length % self.block == 0 ? 0 : 1)
        scales = wanted[position]
        guard scale == (isBlocked ? wanted : [length]) else {
            throw CNNOptError(.invalidModel, "a scale of shape \(scale) does not fit \(shape) along axis \(axis)")
        }
    }

    /// Calls `body` with each run of elements that share one scale.
    func runs(_ count: Int, _ body: (_ elements: Range<Int>, _ scale: Int) -> Void) {
        if block == 0 {
            body(0..<count, 0)
        } else if inner > 0, length > 0 {
            for row in 0..<count / inner {
                let index = row % length
                let first = row * inner
                if isBlocked {
                    let base = (row / length * scales + index / block) * inner
                    for i in 0..<inner { body(first + i..<first + i + 1, base + i) }
                } else {
                    body(first..<first + inner, index)
                }
            }
        }
    }
}

extension ChannelCoupling {
    /// Every axis of the tensor is kept; a scale and a zero point for each channel belong to their axis.
    static func quantization(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        guard let shape = site.shape(0) else { return .barrier("the rank of its input is unknown") }
        guard try site.int("block_size", default: 0) == 0 else { return .barrier("it is quantised in blocks") }
        var coupling = ChannelCoupling.identity(site)
        for port in 1...2 where site.has(port) {
            guard let scale = site.shape(port) else { return .barrier("the rank of the scale is unknown") }
            guard scale.count == 1, let size = scale[0].size, size > 1 else { continue }
            let axis = try site.normalizedAxis(site.int("axis", default: 1), rank: shape.count)
            coupling.links.append(.init(.init(.input(port), 0), .init(.output(0), axis), count: size))
        }
        return coupling
    }
}

extension QuantizedAxis {
    /// A node whose scale is one number, or runs along an axis.
    static func reordered(_ site: OperatorSite, by order: AxisOrder) throws(CNNOptError) -> ReorderedNode? {
        guard try site.int("block_size", default: 0) == 0, let scale = site.type(1).sizes else { return nil }
        if scale.allSatisfy({ $0 == 1 }) { return scale.count <= 1 ? ReorderedNode() : nil }
        return try .axis(site.int("axis", default: 1), site, order)
    }
}
