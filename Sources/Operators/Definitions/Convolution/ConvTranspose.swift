import GraphIR
import Tensors

/// The transpose of a convolution: every input element spreads the kernel over the output. Input N × C × spatial, weight
/// C × M/group × kernel.
enum ConvTranspose: Operator {
    static let schema = OperatorSchema("ConvTranspose", versions: [1, 11, 22], inputs: 2...3)
    static var traits: OperatorTraits { [.isQuantizable, .isLinear] }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        let type = site.elementType(0) ?? site.elementType(1)
        guard let x = site.shape(0) else { return [TensorType(type, nil)] }
        let weight = site.shape(1)
        guard x.count >= 3, weight?.count ?? x.count == x.count else {
            throw site.failure(.invalidModel, "input of rank \(x.count), weight of rank \(weight?.count ?? 0)")
        }
        if let channels = x[1].size, let rows = weight?[0].size, channels != rows {
            throw site.failure(.invalidModel, "\(channels) input channels, but the weight takes \(rows)")
        }
        let group = try Conv.group(site)
        let outputs: Dimension =
            (weight?[1].size).flatMap { checkedProduct([$0, group]) }.map { .known($0) } ?? .unknown
        let form = try Form(site)
        let kernel = weight?[2...].map(\.size)
        var spatial: Shape = []
        for (axis, dimension) in x[2...].enumerated() {
            guard let size = dimension.size, let taps = form.windows.kernel?[checked: axis] ?? kernel?[axis] else {
                spatial.append(form.outputShape?[checked: axis].map { .known($0) } ?? .unknown)
                continue
            }
            spatial.append(.known(try form.axis(axis, size, taps, rank: x.count - 2).input))
        }
        return [TensorType(type, [x[0], outputs] + spatial)]
    }

    /// The attributes. A transposed convolution's axis is described by the convolution that it is the transpose of, whose
    /// input is this one's output.
    private struct Form: Sendable {
        let windows: Windows
        let outputShape: [Int]?
        let outputPadding: [Int]?

        init(_ site: OperatorSite) throws(CNNOptError) {
            windows = try Windows(site)
            outputShape = try site.ints("output_shape")
            outputPadding = try site.ints("output_padding")
            let lists = (outputShape ?? []) + (outputPadding ?? [])
            guard lists.allSatisfy({ $0 >= 0 && $0 <= Windows.limit }) else {
                throw site.failure(.invalidModel, "output_shape or output_padding is \(lists)")
            }
        }

        func axis(_ axis: Int, _ size: Int, _ kernel: Int, rank: Int) throws(CNNOptError) -> Windows.Axis {
            func entry(_ list: [Int]?, _ name: String, default value: Int) throws(CNNOptError) -> Int {
                guard let list else { return value }
                guard list.count == rank else {
                    throw CNNOptError(
                        .invalidModel,
                        "attribute '\(name)' has \(list.count) entries for \(rank) spatial axes"
                    )
                }
                return list[axis]
            }
            guard try entry(windows.kernel, "kernel_shape", default: kernel) == kernel, kernel >= 1,
                kernel <= Windows.limit, size <= Windows.limit
            else { throw CNNOptError(.invalidModel, "a kernel of \(kernel) over \(size) elements") }
            let stride = try entry(windows.strides, "strides", default: 1)
            let dilation = try entry(windows.dilations, "dilations", default: 1)
            let extra = try entry(outputPadding, "output_padding", default: 0)
            // Each product is at most 2⁶².
            let (full, overflow) = ((size - 1) * stride).addingReportingOverflow((kernel - 1) * dilation + 1 + extra)
            guard !overflow, full >= 0 else { throw CNNOptError(.invalidModel, "an output axis overflows") }
            var (begin, end) = (0, 0)
            var length = full
            if case .explicit(let pads) = windows.padding, outputShape == nil {
                guard pads?.count ?? 2 * rank == 2 * rank else {
                    throw CNNOptError(.invalidModel, "attribute 'pads' does not fit \(rank) spatial axes")
                }
                (begin, end) = (pads?[axis] ?? 0, pads?[axis + rank] ?? 0)
                length = full - begin - end
            } else {
                if let wanted = outputShape {
                    length = try entry(
                        wanted.count == rank + 2 ? Array(wanted[2...]) : wanted,
                        "output_shape",
                        default: 0
                    )
                } else if case .same = windows.padding {
                    let (product, overflow) = size.multipliedReportingOverflow(by: stride)
                    guard !overflow else { throw CNNOptError(.invalidModel, "an output axis overflows") }
                    length = product
                }
                let total = max(full - length, 0)
                var atBegin = total / 2
                if case .same(let upper) = windows.padding, !upper { atBegin = total - total / 2 }
                if case .explicit = windows.padding { atBegin = total - total / 2 }
                (begin, end) = (atBegin, total - atBegin)
            }
            guard length >= 0, length <= Windows.limit else {
                throw CNNOptError(.invalidModel, "an output axis of \(length) elements")
            }
            return Windows.Axis(
                input: length,
                kernel: kernel,
                stride: stride,
                dilation: dilation,
                padBegin: begin,
                padEnd: end,
                output: size
            )
        }
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let form = try Form(site)
        let group = try Conv.group(site)
        return ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            try HalfPrecision.widening(inputs) { (inputs) throws(CNNOptError) in
                let (x, w, bias) = (try inputs.required(0), try inputs.required(1), inputs.optional(2))
                guard x.shape.count >= 3, w.shape.count == x.shape.count, x.elementType == w.elementType,
                    bias?.elementType ?? x.elementType == x.elementType, x.shape[1] == w.shape[0],
                    x.shape[1] % group == 0, let outputs = checkedProduct([w.shape[1], group]),
                    bias?.shape ?? [outputs] == [outputs]
                else {
                    throw CNNOptError(
                        .invalidModel,
                        "input \(x.shape), weight \(w.shape) and \(group) groups do not fit"
                    )
                }
                var axes: [Windows.Axis] = []
                for axis in 0..<x.shape.count - 2 {
                    axes.append(try form.axis(axis, x.shape[axis + 2], w.shape[axis + 2], rank: x.shape.count - 2))
                }
                // As the convolution that it transposes: that one's outputs are the inputs here.
                let geometry = ConvolutionGeometry(
                    batch: x.shape[0],
                    groups: group,
                    inputChannels: w.shape[1],
                    outputChannels: x.shape[1] / group,
                    axes: axes
                )
                return [try TransposedConvolution.run(x, w, bias, geometry, threads: threads)]
            }
        }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        guard let weight = site.shape(1), weight.count >= 3, let inputs = weight[0].size, let perGroup = weight[1].size
        else { return .barrier("the weight's shape is unknown") }
        let group = try Conv.group(site)
        guard inputs % group == 0, let outputs = checkedProduct([perGroup, group]) else {
            return .barrier("\(inputs) input channels in \(group) groups")
        }
        let (input, output) = (ChannelCoupling.Axis(.input(0), 1), ChannelCoupling.Axis(.output(0), 1))
        var coupling = ChannelCoupling()
        coupling.links.append(.init(.init(.input(1), 0), input, count: inputs))
        if site.has(2) { coupling.links.append(.init(.init(.input(2), 0), output, count: outputs)) }
        if group == 1 {
            coupling.links.append(.init(.init(.input(1), 1), output, count: outputs))
        } else if inputs == group {
            coupling.links.append(.init(input, output, count: inputs, inner: perGroup))
        } else {
            coupling.links.append(.init(.init(.input(1), 1), output, count: perGroup, outer: group))
            coupling.links.append(.init(input, input, count: inputs / group, outer: group))
        }
        return coupling
    }

    static func narrowed(_ site: OperatorSite, _ selection: ChannelSelection) throws(CNNOptError) -> NodeEdit {
        let group = try Conv.group(site)
        guard group > 1, site.shape(1)?.first?.size == group, let kept = selection.kept(.input(0), 1) else {
            return NodeEdit()
        }
        return NodeEdit(attributes: [Attribute("group", kept.count)])
    }

    static func cost(_ site: OperatorSite) throws(CNNOptError) -> Cost? {
        guard let input = site.type(0).sizes, let weight = site.type(1).sizes, weight.count >= 2,
            let macs = checkedProduct(input + weight[1...])
        else { return nil }
        return Cost(macs: macs)
    }

    static func linearForm(_ site: OperatorSite) throws(CNNOptError) -> LinearForm? {
        // Even without padding, positions at the border see fewer taps than those inside.
        LinearForm(
            weightOutputAxis: 1,
            weightInputAxis: 0,
            groups: try Conv.group(site),
            seesWholeWeight: false,
            isPointwise: false
        )
    }

    static func factored(_ site: OperatorSite, first: TensorData, second: TensorData) throws(CNNOptError)
        -> OperatorRewrite?
    { try Conv.factored("ConvTranspose", site, first, second) }

    static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation? {
        guard let x = site.type(0).sizes, let weight = site.type(1).sizes, weight.count == x.count else { return nil }
        let form = try Form(site)
        var axes: [Windows.Axis] = []
        for axis in 0..<x.count - 2 {
            axes.append(try form.axis(axis, x[axis + 2], weight[axis + 2], rank: x.count - 2))
        }
        return .transposedConvolution(axes: axes, groups: try Conv.group(site))
    }

    static func gradient(_ site: OperatorSite, _ fragment: inout GradientFragment) throws(CNNOptError) {
        guard fragment.wants(0), case .transposedConvolution(let axes, let groups)? = try computation(site),
            let gradient = fragment.convolution(try fragment.gradient(), .input(1), axes, groups: groups)
        else { return }
        fragment.set(gradient, for: 0)
    }
}

extension [Int] {
    /// The element; nil where the list is too short.
    fileprivate subscript(checked index: Int) -> Int? { indices.contains(index) ? self[index] : nil }
}
