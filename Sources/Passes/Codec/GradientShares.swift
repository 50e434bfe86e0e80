import Execution
import GraphIR
import Operators
import Tensors

/// How strongly the model's output depends on each layer's output: squared gradients, as means over output channels and
/// samples.
struct GradientShares: Sendable {
    struct Share: Sendable {
        /// Of the sum of a channel's gradients over the positions of an image.
        var between: Double
        /// Σ over positions of how far gradients are from their mean.
        var within: Double
    }

    private(set) var shares: [ValueID: Share] = [:]
    /// What to say about layers behind operators that have no gradient.
    private(set) var note: String?

    /// Class probabilities are evened out: on images that the network was trained on it is too sure of itself for
    /// gradients to say what matters elsewhere.
    private static let temperature = 4.0
    private static let samples = 256
    private static let draws = 2

    /// - Parameter outputs: each with its channel axis.
    init(_ model: Model, outputs: [ValueID: Int], samples: any SampleSource, _ context: PassContext) throws(CNNOptError)
    {
        var sums: [ValueID: Share] = [:]
        let sensitivity = try OutputSensitivity.measure(
            model,
            outputs: outputs,
            samples: samples,
            count: Self.samples,
            context,
            draws: Self.draws,
            temperature: Self.temperature
        ) { (value, gradient) throws(CNNOptError) in
            guard let axis = outputs[value], let part = try Self.share(gradient, axis: axis) else { return }
            sums[value, default: Share(between: 0, within: 0)].between += part.between
            sums[value, default: Share(between: 0, within: 0)].within += part.within
        }
        let scale = 1 / Double(sensitivity.samples * Self.draws * sensitivity.lossTerms)
        shares = sums.mapValues { Share(between: $0.between * scale, within: $0.within * scale) }
            .filter { $0.value.between + $0.value.within > 0 }
        if !sensitivity.unmeasured.isEmpty {
            let names = Set(sensitivity.barriers.map(\.operatorName)).sorted()
            note =
                "\(sensitivity.unmeasured.count) layers lie before operators without a gradient (\(names.joined(separator: ", "))): their weights count as much as an average layer's."
        }
    }

    /// A layer's share; for one that could not be measured, what gives its outputs' variance the weight it has in others.
    func share(_ value: ValueID) -> Share {
        if let own = shares[value] { return own }
        let values = shares.values
        let count = Double(max(values.count, 1))
        let mean = Share(
            between: values.reduce(0) { $0 + $1.between } / count,
            within: values.reduce(0) { $0 + $1.within } / count
        )
        return mean.between + mean.within > 0 ? mean : Share(between: 1, within: 1)
    }

    /// Sums over samples, means over channels.
    private static func share(_ gradient: TensorData, axis: Int) throws(CNNOptError) -> Share? {
        guard gradient.elementType == .float32, axis > 0, gradient.shape.indices.contains(axis), gradient.count > 0
        else { return nil }
        let (samples, channels) = (gradient.shape[0], gradient.shape[axis])
        let outer = gradient.shape[1..<axis].reduce(1, *)
        let inner = gradient.shape[(axis + 1)...].reduce(1, *)
        return try gradient.withElements(Float.self) { (elements) throws(CNNOptError) in
            guard let base = elements.baseAddress else { return nil }
            var result = Share(between: 0, within: 0)
            for sample in 0..<samples {
                for channel in 0..<channels {
                    var (sum, square) = (0.0, 0.0)
                    for block in 0..<outer {
                        let from = base + ((sample * outer + block) * channels + channel) * inner
                        for index in 0..<inner {
                            let value = Double(from[index])
                            sum += value
                            square += value * value
                        }
                    }
                    result.between += sum * sum
                    result.within += max(0, square - sum * sum / Double(outer * inner))
                }
            }
            result.between /= Double(channels)
            result.within /= Double(channels)
            return result
        }
    }
}
