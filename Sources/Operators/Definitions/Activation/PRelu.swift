import GraphIR
import Tensors

/// x, or slope·x below zero; the second input, the slope, broadcasts to the first. He et al., 2015.
enum PRelu: BroadcastOperator {
    static let schema = OperatorSchema("PRelu", versions: [1, 6, 7, 9, 16], inputs: 2...2)

    /// The slope broadcasts to the first input, not the other way round.
    static var traits: OperatorTraits { [.elementwise] }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] { [site.type(0)] }

    static func reordered(_ site: OperatorSite, by order: AxisOrder) throws(CNNOptError) -> ReorderedNode? {
        site.opset >= 7 ? ReorderedNode(dataPorts: [0, 1]) : nil
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        guard let slope = site.shape(1), let axes = try slopeAxes(site) else { return try .broadcast(site) }
        var coupling = ChannelCoupling.identity(site)
        if let size = slope[0].size {
            coupling.links.append(.init(.init(.input(1), 0), .init(.output(0), axes), count: size))
        }
        return coupling
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let kernel = try pairKernel(site)
        let isLegacy = site.opset < 7
        return ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            let x = try inputs.required(0)
            var slope = try inputs.required(1)
            if isLegacy, slope.shape.count == 1, slope.count > 1, x.shape.count > 2 {
                slope = try slope.reshaped(slope.shape + [Int](repeating: 1, count: x.shape.count - 2))
            }
            let result = try kernel(x, slope, threads)
            guard result.shape == x.shape else {
                throw CNNOptError(.invalidModel, "a slope of shape \(slope.shape) does not broadcast to \(x.shape)")
            }
            return [result]
        }
    }

    static func pairKernel(_ site: OperatorSite) throws(CNNOptError)
        -> @Sendable (TensorData, TensorData, Int) throws(CNNOptError) -> TensorData
    {
        let function = BinaryFunction(
            float: { $0 < 0 ? $0 * $1 : $0 },
            double: { $0 < 0 ? $0 * $1 : $0 },
            integer: { (x, slope) throws(CNNOptError) in x < 0 ? x &* slope : x },
            unsigned: { (x, _) throws(CNNOptError) in x }
        )
        return { (a, b, threads) throws(CNNOptError) in try function.apply(a, b, threads: threads) }
    }

    static func upgraded(_ site: OperatorSite, to opset: Int) throws(CNNOptError) -> OperatorRewrite? {
        guard site.opset < 7, opset >= 7 else { return nil }
        guard let rank = site.shape(0)?.count, site.shape(1) != nil else {
            throw site.failure(.unsupported, "the ranks of its inputs are unknown, so its slope cannot be aligned")
        }
        guard try slopeAxes(site) != nil, rank > 2 else { return nil }
        let step = OperatorRewrite.Step("PRelu", [.input(0), .input(1)])
        return try site.withUnsqueezedSecond(step, Array(1..<rank - 1), to: opset)
    }

    /// Below version 7 a slope of rank 1 belongs to the channels, axis 1; nil where the ordinary rule holds.
    private static func slopeAxes(_ site: OperatorSite) throws(CNNOptError) -> Int? {
        guard site.opset < 7, let slope = site.shape(1), slope.count == 1, slope[0] != .known(1),
            let rank = site.shape(0)?.count, rank > 1
        else { return nil }
        return 1
    }

    static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation? {
        site.opset < 7 ? nil : .binary(.slope)
    }

    static func gradient(_ site: OperatorSite, _ fragment: inout GradientFragment) throws(CNNOptError) {
        let gradient = try fragment.gradient()
        let above = try fragment.step(.input(0))
        let below = try fragment.complement(above)
        try fragment.set(for: 0) { (fragment) throws(CNNOptError) in
            let slopeBelow = fragment.product(below, .input(1))
            let slope = fragment.sum(above, slopeBelow)
            return fragment.product(gradient, slope)
        }
        try fragment.set(for: 1) { (fragment) throws(CNNOptError) in
            let product = fragment.product(fragment.product(gradient, .input(0)), below)
            return try fragment.summed(product, from: try fragment.outputSizes(), to: try fragment.inputSizes(1))
        }
    }
}
