import GraphIR
import Tensors

/// (x − mean) / √(variance + epsilon) · scale + bias with stored statistics, channel by channel.
enum BatchNormalization: Operator {
    static let schema = OperatorSchema(
        "BatchNormalization",
        versions: [1, 6, 7, 9, 14, 15],
        inputs: 5...5,
        outputs: 1...5
    )
    static var traits: OperatorTraits { [.isChannelAffine, .outputsChooseMode] }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        if let channels = site.shape(0)?.dropFirst().first?.size {
            for port in 1..<5 where try isSpatial(site) {
                guard let size = site.shape(port)?.sizes, size != [channels] else { continue }
                throw site.failure(.invalidModel, "input \(port) has shape \(size) for \(channels) channels")
            }
        }
        return try isTraining(site) ? [site.type(0), site.type(3), site.type(4)] : [site.type(0)]
    }

    /// Whether the statistics are those of the batch, and the stored ones move towards them.
    private static func isTraining(_ site: OperatorSite) throws(CNNOptError) -> Bool {
        let mode = try site.int("training_mode", default: 0)
        return site.opset >= 14 && mode != 0
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        if try isTraining(site) { return try training(site) }
        guard !site.node.outputs.dropFirst().contains(where: { $0 != nil }) else {
            throw site.failure(.unsupported, "training mode", remedy: "export the model for inference")
        }
        let epsilon = Double(try site.float("epsilon", default: 1e-5))
        let spatial = try isSpatial(site)
        return ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            try HalfPrecision.widening(inputs) { (inputs) throws(CNNOptError) in
                let x = try inputs.required(0)
                let shape = x.shape
                // Without `spatial` every element of an image has its own statistics.
                let groups = spatial ? (shape.count > 1 ? shape[1] : 1) : shape.dropFirst().reduce(1, *)
                let inner = spatial ? shape.dropFirst(2).reduce(1, *) : 1
                let affine = try Affine(inputs, count: groups, epsilon: epsilon)
                switch x.elementType {
                case .float32: return [try apply(Float.self, x, affine, inner: inner, threads)]
                case .float64: return [try apply(Double.self, x, affine, inner: inner, threads)]
                default: throw CNNOptError(.unsupported, "element type \(x.elementType.onnxName)")
                }
            }
        }
    }

    private static func training(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let epsilon = Double(try site.float("epsilon", default: 1e-5))
        let momentum = Double(try site.float("momentum", default: 0.9))
        return ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            let x = try inputs.required(0)
            guard x.shape.count >= 2 else { throw CNNOptError(.invalidModel, "an input of shape \(x.shape)") }
            let values = try x.cast(to: .float64)
            let (mean, variance) = try statistics(values)
            var parameters: [TensorData?] = [nil, try inputs.required(1), try inputs.required(2)]
            parameters += [try TensorData(mean), try TensorData(variance)]
            let affine = try Affine(parameters, count: x.shape[1], epsilon: epsilon)
            let inner = AxisSpan(x.shape, axis: 1).inner
            let result = try apply(Double.self, values, affine, inner: inner, threads).cast(to: x.elementType)
            var outputs = [result]
            for (port, batch) in [(3, mean), (4, variance)] {
                let stored = try inputs.required(port)
                let old = try stored.doubles()
                guard old.count == batch.count else {
                    throw CNNOptError(.invalidModel, "input \(port) has \(old.count) elements, not \(batch.count)")
                }
                let moved = zip(old, batch).map { $0 * momentum + $1 * (1 - momentum) }
                outputs.append(try TensorData(moved, shape: stored.shape).cast(to: stored.elementType))
            }
            return outputs
        }
    }

    /// Mean and variance of each channel over the batch.
    private static func statistics(_ x: TensorData) throws(CNNOptError) -> (mean: [Double], variance: [Double]) {
        let span = AxisSpan(x.shape, axis: 1)
        let values = try x.array(of: Double.self)
        let count = Double(x.count / max(span.count, 1))
        var mean = [Double](repeating: 0, count: span.count)
        var variance = mean
        for (i, value) in values.enumerated() { mean[i / span.inner % span.count] += value / count }
        for (i, value) in values.enumerated() {
            let distance = value - mean[i / span.inner % span.count]
            variance[i / span.inner % span.count] += distance * distance / count
        }
        return (mean, variance)
    }

    /// y = factor · x + term, one pair for each channel.
    private struct Affine {
        let factors: [Double]
        let terms: [Double]

        init(_ inputs: [TensorData?], count: Int, epsilon: Double) throws(CNNOptError) {
            var parameters: [[Double]] = []
            for port in 1..<5 {
                let values = try inputs.required(port).doubles()
                guard values.count == count else {
                    throw CNNOptError(.invalidModel, "input \(port) has \(values.count) elements for \(count) channels")
                }
                parameters.append(values)
            }
            let (scale, bias, mean, variance) = (parameters[0], parameters[1], parameters[2], parameters[3])
            let factors = (0..<count).map { scale[$0] / (variance[$0] + epsilon).squareRoot() }
            self.factors = factors
            terms = (0..<count).map { bias[$0] - mean[$0] * factors[$0] }
        }
    }

    private static func apply<T: TensorScalar & BinaryFloatingPoint>(
        _ type: T.Type,
        _ x: TensorData,
        _ affine: Affine,
        inner: Int,
        _ threads: Int
    ) throws(CNNOptError) -> TensorData {
        let (factors, terms) = (affine.factors.map { T($0) }, affine.terms.map { T($0) })
        return try x.withElements(T.self) { (source) throws(CNNOptError) in
            try TensorData.make(T.self, shape: x.shape) { (target) throws(CNNOptError) in
                guard let x = source.baseAddress, let y = target.baseAddress, inner > 0, !factors.isEmpty else {
                    return
                }
                let (from, to) = (SharedReadPointer(x), SharedPointer(y))
                parallelFor(source.count / inner, threads: source.count < 1 << 15 ? 1 : threads) { range in
                    for row in range {
                        let (factor, term) = (factors[row % factors.count], terms[row % factors.count])
                        let (source, target) = (from.base + row * inner, to.base + row * inner)
                        for i in 0..<inner { target[i] = source[i] * factor + term }
                    }
                }
            }
        }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        guard try isSpatial(site) else { return .barrier("each element has its own statistics") }
        guard try !isTraining(site) else { return .barrier("it is in training mode") }
        guard let shape = site.shape(0) else { return .barrier("the rank of its input is unknown") }
        var coupling = ChannelCoupling.identity(site)
        guard let channels = shape.dropFirst().first?.size else { return coupling }
        for port in 1..<5 where site.has(port) {
            coupling.links.append(.init(.init(.input(port), 0), .init(.output(0), 1), count: channels))
        }
        return coupling
    }

    /// Where the statistics are not stored: else it scales and shifts channels.
    static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation? {
        guard try !isTraining(site), try isSpatial(site), site.node.outputs.count == 1 else { return nil }
        return .batchNormalization(epsilon: try site.float("epsilon", default: 1e-5))
    }

    static func channelAffine(_ site: OperatorSite) throws(CNNOptError) -> ChannelAffine? {
        guard try site.int("training_mode", default: 0) == 0, try isSpatial(site), site.shape(0)?.count ?? 0 >= 2,
            let count = site.constant(1)?.count, count > 0
        else {
            return nil
        }
        for port in 1..<5 where site.constant(port)?.count != count { return nil }
        let epsilon = Double(try site.float("epsilon", default: 1e-5))
        let affine = try Affine([nil] + (1..<5).map { site.constant($0) }, count: count, epsilon: epsilon)
        return ChannelAffine(axis: 1, scale: affine.factors, shift: affine.terms)
    }

    /// Mean and variance stay: scale and bias alone can say any numbers.
    static func storing(_ affine: ChannelAffine, _ site: OperatorSite) throws(CNNOptError) -> [Int: TensorData]? {
        guard let own = try channelAffine(site), affine.axis == own.axis, affine.scale.count == own.scale.count,
            let scale = site.constant(1), let bias = site.constant(2), let means = try site.constant(3)?.doubles(),
            let variances = try site.constant(4)?.doubles()
        else { return nil }
        let epsilon = Double(try site.float("epsilon", default: 1e-5))
        let factors = zip(affine.scale, variances).map { $0 * ($1 + epsilon).squareRoot() }
        let terms = means.indices.map { affine.shift[$0] + means[$0] * affine.scale[$0] }
        return [
            1: try TensorData(doubles: factors, as: scale.elementType, shape: scale.shape),
            2: try TensorData(doubles: terms, as: bias.elementType, shape: bias.shape),
        ]
    }

    static func upgraded(_ site: OperatorSite, to opset: Int) throws(CNNOptError) -> OperatorRewrite? {
        guard site.opset < 9 && opset >= 9 || site.opset < 14 && opset >= 14 else { return nil }
        guard try isSpatial(site) else {
            throw site.failure(.unsupported, "statistics for each element cannot be expressed from operator set 9 on")
        }
        guard !site.node.outputs.dropFirst().contains(where: { $0 != nil }) else {
            throw site.failure(.unsupported, "training outputs", remedy: "export the model for inference")
        }
        guard site.opset < 9 else { return nil }
        let dropped: Set = ["spatial", "is_test", "consumed_inputs"]
        return OperatorRewrite([
            .init(
                "BatchNormalization",
                (0..<5).map { .input($0) },
                attributes: site.node.attributes.filter { !dropped.contains($0.name) }
            )
        ])
    }

    /// Whether the statistics are per channel, as they always are from operator set 9 on.
    private static func isSpatial(_ site: OperatorSite) throws(CNNOptError) -> Bool {
        try site.int("spatial", default: 1) != 0
    }

    static func gradient(_ site: OperatorSite, _ fragment: inout GradientFragment) throws(CNNOptError) {
        guard fragment.wants(0), let affine = try channelAffine(site), site.node.outputs.count == 1 else { return }
        let rank = try fragment.inputSizes(0).count
        let factors = try TensorData(
            doubles: affine.scale,
            as: fragment.elementType,
            shape: [affine.scale.count] + [Int](repeating: 1, count: rank - 2)
        )
        fragment.set(fragment.product(try fragment.gradient(), .constant(factors, stem: "factors")), for: 0)
    }
}
