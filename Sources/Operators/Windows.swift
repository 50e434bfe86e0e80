import GraphIR
import Tensors

/// A window that slides over the spatial axes: kernel, strides, dilations and padding of convolutions and pools.
package struct Windows: Sendable {
    /// How the spatial axes are padded.
    package enum Padding: Sendable {
        /// All begins, then all ends; nil pads nothing.
        case explicit([Int]?)
        /// Output size = input size / stride, rounded up; an odd element of padding goes to the end (`upper`) or the beginning.
        case same(upper: Bool)
        case valid
    }

    /// nil where the kernel's shape comes from the weight alone.
    package let kernel: [Int]?
    package let strides: [Int]?
    package let dilations: [Int]?
    package let padding: Padding
    /// Pools only: a last window that sticks out of the padded input counts.
    package let roundsUp: Bool

    /// The largest attribute value and axis length that is taken: products of two of them cannot overflow.
    static let limit = 1 << 31

    /// Reads the attributes.
    /// - Throws: `invalidModel` for values outside their range, `unsupported` for negative padding.
    package init(_ site: OperatorSite) throws(CNNOptError) {
        func list(_ name: String, from lowest: Int) throws(CNNOptError) -> [Int]? {
            guard let values = try site.ints(name) else { return nil }
            guard values.allSatisfy({ $0 <= Self.limit && (lowest == 0 || $0 >= lowest) }) else {
                throw site.failure(.invalidModel, "attribute '\(name)' is \(values)")
            }
            guard values.allSatisfy({ $0 >= lowest }) else {
                throw site.failure(.unsupported, "negative padding \(values)")
            }
            return values
        }
        kernel = try list("kernel_shape", from: 1)
        strides = try list("strides", from: 1)
        dilations = try list("dilations", from: 1)
        roundsUp = try site.int("ceil_mode", default: 0) != 0
        let pads = try list("pads", from: 0)
        switch try site.string("auto_pad", default: "NOTSET") {
        case "NOTSET", "": padding = .explicit(pads)
        case "SAME_UPPER": padding = .same(upper: true)
        case "SAME_LOWER": padding = .same(upper: false)
        case "VALID": padding = .valid
        case let other: throw site.failure(.invalidModel, "attribute 'auto_pad' is '\(other)'")
        }
    }

    /// One window over a whole axis of `size` elements.
    package init(covering size: Int) {
        kernel = [size]
        strides = nil
        dilations = nil
        padding = .valid
        roundsUp = false
    }

    /// One axis of a window laid over an input.
    package struct Axis: Sendable, Hashable {
        package var input: Int
        package var kernel: Int
        package var stride: Int
        package var dilation: Int
        package var padBegin: Int
        package var padEnd: Int
        package var output: Int

        /// The input position under tap `tap` of window `index`; outside 0 ..< input in the padding.
        @inline(__always)
        package func position(_ index: Int, _ tap: Int) -> Int { index &* stride &+ tap &* dilation &- padBegin }
    }

    /// The axes for spatial sizes that are known.
    /// - Parameter weightKernel: the kernel's shape as the weight has it, for convolutions.
    /// - Throws: `invalidModel` where lists and ranks disagree or the window is larger than the padded input.
    package func axes(_ sizes: [Int], weightKernel: [Int]? = nil) throws(CNNOptError) -> [Axis] {
        let kernel = try checkedKernel(rank: sizes.count, weightKernel)
        var axes: [Axis] = []
        for axis in sizes.indices { axes.append(try self.axis(axis, sizes[axis], kernel[axis], rank: sizes.count)) }
        return axes
    }

    /// The output's spatial dimensions; those that cannot be computed are unknown.
    package func output(_ dimensions: Shape, weightKernel: [Dimension]? = nil) throws(CNNOptError) -> Shape {
        guard let sizes = kernel ?? weightKernel?.sizes else {
            return Shape(repeating: .unknown, count: dimensions.count)
        }
        let kernel = try checkedKernel(rank: dimensions.count, sizes)
        var result: Shape = []
        for (axis, dimension) in dimensions.enumerated() {
            if let size = dimension.size {
                result.append(.known(try self.axis(axis, size, kernel[axis], rank: dimensions.count).output))
            } else {
                result.append(keepsSize(axis, kernel[axis], rank: dimensions.count) ? dimension : .unknown)
            }
        }
        return result
    }

    private func keepsSize(_ axis: Int, _ kernel: Int, rank: Int) -> Bool {
        guard strides?[axis] ?? 1 == 1 else { return false }
        let extent = (kernel - 1) * (dilations?[axis] ?? 1)
        return switch padding {
        case .same: true
        case .valid: extent == 0
        case .explicit(let pads): (pads?[axis] ?? 0) + (pads?[axis + rank] ?? 0) == extent
        }
    }

    private func checkedKernel(rank: Int, _ weightKernel: [Int]?) throws(CNNOptError) -> [Int] {
        guard let kernel = kernel ?? weightKernel else {
            throw CNNOptError(.invalidModel, "attribute 'kernel_shape' is missing")
        }
        if let weightKernel, weightKernel != kernel {
            throw CNNOptError(.invalidModel, "kernel_shape \(kernel) differs from the weight's \(weightKernel)")
        }
        for (name, list) in [("kernel_shape", kernel), ("strides", strides), ("dilations", dilations)] {
            if let list, list.count != rank {
                throw CNNOptError(
                    .invalidModel,
                    "attribute '\(name)' has \(list.count) entries for \(rank) spatial axes"
                )
            }
        }
        if case .explicit(let pads?) = padding, pads.count != 2 * rank {
            throw CNNOptError(.invalidModel, "attribute 'pads' has \(pads.count) entries for \(rank) spatial axes")
        }
        guard kernel.allSatisfy({ $0 >= 1 && $0 <= Self.limit }) else {
            throw CNNOptError(.invalidModel, "the kernel's shape is \(kernel)")
        }
        return kernel
    }

    private func axis(_ axis: Int, _ input: Int, _ kernel: Int, rank: Int) throws(CNNOptError) -> Axis {
        guard input <= Self.limit else { throw CNNOptError(.unsupported, "a spatial axis of \(input) elements") }
        let (stride, dilation) = (strides?[axis] ?? 1, dilations?[axis] ?? 1)
        // At most 2³¹·2³¹ and 2³³: no overflow.
        let extent = (kernel - 1) * dilation + 1
        var result = Axis(
            input: input,
            kernel: kernel,
            stride: stride,
            dilation: dilation,
            padBegin: 0,
            padEnd: 0,
            output: 0
        )
        if case .same(let upper) = padding {
            result.output = (input + stride - 1) / stride
            let total = max((result.output - 1) * stride + extent - input, 0)
            result.padBegin = upper ? total / 2 : total - total / 2
            result.padEnd = total - result.padBegin
            return result
        }
        if case .explicit(let pads?) = padding {
            result.padBegin = pads[axis]
            result.padEnd = pads[axis + rank]
        }
        let span = input + result.padBegin + result.padEnd - extent
        guard span >= 0 else {
            throw CNNOptError(
                .invalidModel,
                "a window of \(extent) does not fit the padded input of \(input + result.padBegin + result.padEnd)"
            )
        }
        result.output = span / stride + 1
        if roundsUp, span % stride != 0, result.output * stride < input + result.padBegin { result.output += 1 }
        return result
    }
}

extension Windows {
    /// Whether zeros may stand around the input.
    var mayPad: Bool {
        switch padding {
        case .valid, .explicit(nil): false
        case .explicit(let pads?): pads.contains { $0 != 0 }
        case .same: true
        }
    }

    /// Whether the window is a single element that moves by one.
    func isPointwise(weight: Shape?) -> Bool {
        guard let kernel = kernel ?? weight.flatMap({ Array($0.dropFirst(2)).sizes }) else { return false }
        return kernel.allSatisfy { $0 == 1 } && (strides ?? []).allSatisfy { $0 == 1 }
    }

    /// Whether the window has as much padding as it may have so that each window meets an element, no gaps between its
    /// elements, and no last window that sticks out.
    func meetsElements(with more: [AxisPadding]) -> Bool {
        guard let kernel, kernel.count == more.count, !roundsUp, (dilations ?? []).allSatisfy({ $0 == 1 }) else {
            return false
        }
        var pads = [Int](repeating: 0, count: 2 * kernel.count)
        if case .explicit(let old?) = padding { pads = old }
        guard pads.count == 2 * kernel.count else { return false }
        return kernel.indices.allSatisfy { axis in
            let (front, back) = (pads[axis], pads[axis + kernel.count])
            return more[axis].front < kernel[axis] - front && more[axis].back < kernel[axis] - back
        }
    }

    /// The attributes of a window over an input with these zeros around it; nil where it pads by a rule of its own.
    func padded(front: [Int], back: [Int]) -> NodeEdit? {
        let more = front + back
        let pads: [Int]
        switch padding {
        case .same: return nil
        case .valid, .explicit(nil): pads = more
        case .explicit(let old?):
            guard old.count == more.count else { return nil }
            pads = zip(old, more).map { $0 + min($1, Self.limit) }
        }
        guard pads.allSatisfy({ $0 < Self.limit }) else { return nil }
        return NodeEdit(attributes: [Attribute("pads", pads), Attribute("auto_pad", "NOTSET")])
    }
}
