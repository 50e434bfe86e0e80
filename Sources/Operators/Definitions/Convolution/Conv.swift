import GraphIR
import Tensors

/// Convolution of N × C × spatial inputs with a weight of M × C/group × kernel, and a bias of M.
enum Conv: Operator {
    static let schema = OperatorSchema("Conv", versions: [1, 11, 22], inputs: 2...3)
    static var traits: OperatorTraits { [.isQuantizable, .isLinear] }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        let type = site.elementType(0) ?? site.elementType(1)
        guard let x = site.shape(0) else {
            return [TensorType(type, site.shape(1).map { unknownShape(rank: $0.count) })]
        }
        let weight = site.shape(1)
        guard x.count >= 3, weight?.count ?? x.count == x.count else {
            throw site.failure(.invalidModel, "input of rank \(x.count), weight of rank \(weight?.count ?? 0)")
        }
        if let channels = x[1].size, let perGroup = weight?[1].size {
            let group = try group(site)
            guard perGroup.multipliedReportingOverflow(by: group) == (channels, false) else {
                throw site.failure(
                    .invalidModel,
                    "\(channels) input channels, but the weight takes \(perGroup) in each of \(group) groups"
                )
            }
        }
        let spatial = try Windows(site).output(Array(x[2...]), weightKernel: weight.map { Array($0[2...]) })
        return [TensorType(type, [x[0], weight?[0] ?? .unknown] + spatial)]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let windows = try Windows(site)
        let group = try group(site)
        return ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            try HalfPrecision.widening(inputs) { (inputs) throws(CNNOptError) in
                let (x, w, bias) = (try inputs.required(0), try inputs.required(1), inputs.optional(2))
                let geometry = try geometry(x, w, bias, windows, group)
                guard x.elementType == .float32, let fast = try DirectConvolution(geometry) else {
                    return [try ConvolutionLoops.naive(x, w, bias, geometry, threads: threads)]
                }
                return [try fast.run(x, w, bias, threads: threads)]
            }
        }
    }

    /// The geometry of a run, with every shape checked against the others.
    static func geometry(
        _ x: TensorData,
        _ w: TensorData,
        _ bias: TensorData?,
        _ windows: Windows,
        _ group: Int
    ) throws(CNNOptError) -> ConvolutionGeometry {
        guard x.shape.count >= 3, w.shape.count == x.shape.count, x.elementType == w.elementType,
            bias?.elementType ?? x.elementType == x.elementType
        else { throw CNNOptError(.invalidModel, "input \(x.shape) and weight \(w.shape) do not fit") }
        guard w.shape[1].multipliedReportingOverflow(by: group) == (x.shape[1], false), w.shape[0] % group == 0,
            bias?.shape ?? [w.shape[0]] == [w.shape[0]]
        else {
            throw CNNOptError(.invalidModel, "input \(x.shape), weight \(w.shape) and \(group) groups do not fit")
        }
        return ConvolutionGeometry(
            batch: x.shape[0],
            groups: group,
            inputChannels: w.shape[1],
            outputChannels: w.shape[0] / group,
            axes: try windows.axes(Array(x.shape[2...]), weightKernel: Array(w.shape[2...]))
        )
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        guard let weight = site.shape(1), weight.count >= 3, let outputs = weight[0].size, let perGroup = weight[1].size
        else { return .barrier("the weight's shape is unknown") }
        let group = try group(site)
        let channels = perGroup * group
        let (input, output) = (ChannelCoupling.Axis(.input(0), 1), ChannelCoupling.Axis(.output(0), 1))
        var coupling = ChannelCoupling()
        coupling.links.append(.init(.init(.input(1), 0), output, count: outputs))
        if site.has(2) { coupling.links.append(.init(.init(.input(2), 0), output, count: outputs)) }
        if group == 1 {
            coupling.links.append(.init(.init(.input(1), 1), input, count: channels))
        } else if outputs % group != 0 {
            return .barrier("\(outputs) output channels in \(group) groups")
        } else if perGroup == 1 {
            coupling.links.append(.init(input, output, count: channels, inner: outputs / group))
        } else {
            coupling.links.append(.init(.init(.input(1), 1), input, count: perGroup, outer: group))
            coupling.links.append(.init(output, output, count: outputs / group, outer: group))
        }
        return coupling
    }

    static func narrowed(_ site: OperatorSite, _ selection: ChannelSelection) throws(CNNOptError) -> NodeEdit {
        let group = try group(site)
        guard group > 1, site.shape(1)?.dropFirst().first?.size == 1, let kept = selection.kept(.input(0), 1) else {
            return NodeEdit()
        }
        return NodeEdit(attributes: [Attribute("group", kept.count)])
    }

    static func cost(_ site: OperatorSite) throws(CNNOptError) -> Cost? {
        guard let output = site.outputType(0).sizes, let weight = site.type(1).sizes, weight.count >= 2,
            let macs = checkedProduct(output + weight[1...])
        else { return nil }
        return Cost(macs: macs)
    }

    static func padding(_ site: OperatorSite, by padding: [AxisPadding]) throws(CNNOptError) -> NodeEdit? {
        guard let spatial = padding.behindChannels else { return nil }
        return try Windows(site).padded(front: spatial.map(\.front), back: spatial.map(\.back))
    }

    static func linearForm(_ site: OperatorSite) throws(CNNOptError) -> LinearForm? {
        let windows = try Windows(site)
        return LinearForm(
            weightOutputAxis: 0,
            weightInputAxis: 1,
            groups: try group(site),
            seesWholeWeight: !windows.mayPad,
            isPointwise: !windows.mayPad && windows.isPointwise(weight: site.shape(1))
        )
    }

    static func group(_ site: OperatorSite) throws(CNNOptError) -> Int {
        let group = try site.int("group", default: 1)
        guard group >= 1, group <= Windows.limit else {
            throw site.failure(.invalidModel, "attribute 'group' is \(group)")
        }
        return group
    }

    private static func unknownShape(rank: Int) -> Shape { Shape(repeating: .unknown, count: rank) }

    static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation? {
        guard let x = site.type(0).sizes, let weight = site.type(1).sizes, weight.count == x.count, x.count > 2 else {
            return nil
        }
        return .convolution(
            axes: try Windows(site).axes(Array(x[2...]), weightKernel: Array(weight[2...])),
            groups: try group(site)
        )
    }

    static func gradient(_ site: OperatorSite, _ fragment: inout GradientFragment) throws(CNNOptError) {
        guard fragment.wants(0), case .convolution(let axes, let groups)? = try computation(site) else { return }
        fragment.set(
            try fragment.transposedConvolution(
                try fragment.gradient(),
                .input(1),
                ofShape: try fragment.inputSizes(1),
                axes,
                groups: groups
            ),
            for: 0
        )
    }
}
