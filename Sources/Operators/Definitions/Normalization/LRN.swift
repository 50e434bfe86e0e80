import GraphIR
import Tensors

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Local response normalisation: x / (bias + alpha / size · Σ x²)^beta, summed over the `size` channels around each.
enum LRN: Operator {
    static let schema = OperatorSchema("LRN", versions: [1, 13], inputs: 1...1)

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] { [site.type(0)] }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        guard let size = try site.int("size"), size >= 1, size <= Windows.limit else {
            throw site.failure(.invalidModel, "attribute 'size' is missing or below 1")
        }
        let rule = Rule(
            size: size,
            alpha: Double(try site.float("alpha", default: 1e-4)),
            beta: Double(try site.float("beta", default: 0.75)),
            bias: Double(try site.float("bias", default: 1))
        )
        return ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            try HalfPrecision.widening(inputs) { (inputs) throws(CNNOptError) in
                let x = try inputs.required(0)
                guard x.shape.count >= 2 else { throw CNNOptError(.invalidModel, "an input of rank \(x.shape.count)") }
                switch x.elementType {
                case .float32: return [try rule.run(Float.self, x, threads)]
                case .float64: return [try rule.run(Double.self, x, threads)]
                default: throw CNNOptError(.unsupported, "element type \(x.elementType.onnxName)")
                }
            }
        }
    }

    static func computation(_ site: OperatorSite) throws(CNNOptError) -> Computation? {
        guard let size = try site.int("size"), (1...Windows.limit).contains(size) else { return nil }
        return .localResponse(
            LocalResponse(
                size: size,
                alpha: try site.float("alpha", default: 1e-4),
                beta: try site.float("beta", default: 0.75),
                bias: try site.float("bias", default: 1)
            )
        )
    }

    private struct Rule: Sendable {
        let size: Int
        let alpha: Double
        let beta: Double
        let bias: Double

        func run<T: TensorScalar & BinaryFloatingPoint>(_ type: T.Type, _ x: TensorData, _ threads: Int)
            throws(CNNOptError) -> TensorData
        {
            let (channels, inner) = (x.shape[1], x.shape[2...].reduce(1, *))
            let (before, after) = ((size - 1) / 2, size / 2)
            return try x.withElements(T.self) { (source) throws(CNNOptError) in
                try TensorData.make(T.self, shape: x.shape) { (target) throws(CNNOptError) in
                    guard let x = source.baseAddress, let y = target.baseAddress, inner > 0 else { return }
                    let (from, to) = (SharedReadPointer(x), SharedPointer(y))
                    parallelFor(source.count / inner, threads: source.count < 1 << 13 ? 1 : threads) { range in
                        for plane in range {
                            let (first, channel) = (plane / channels * channels, plane % channels)
                            let window = max(0, channel - before)...min(channels - 1, channel + after)
                            for i in 0..<inner {
                                var sum = 0.0
                                for other in window {
                                    let value = Double(from.base[(first + other) * inner + i])
                                    sum += value * value
                                }
                                let value = Double(from.base[plane * inner + i])
                                to.base[plane * inner + i] = T(value / pow(bias + alpha / Double(size) * sum, beta))
                            }
                        }
                    }
                }
            }
        }
    }

    /// Channels look at their neighbours: only the other axes may shrink.
    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        var coupling = ChannelCoupling.identity(site)
        coupling.links.removeAll { $0.from.axis == 1 }
        return coupling
    }
}
