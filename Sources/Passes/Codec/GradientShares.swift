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
        /// How much more than others each output channel counts, 1 on average; empty where all count alike.
        var channels: [Double] = []
    }

    private(set) var shares: [ValueID: Share] = [:]
    /// What to say about layers behind operators that have no gradient.
    private(set) var note: String?

    /// Class probabilities are evened out: on images that the network was trained on it is too sure of itself for
    /// gradients to say what matters elsewhere.
    private static let evening = ClassEvening(temperature: 4, largestLead: 4)
    private static let samples = 256
    private static let draws = 2

    /// - Parameters:
    ///   - outputs: each with its channel axis.
    ///   - inner: those whose channels go on into another layer; the others' channels are the network's answers, which
    ///     the images at hand say little of.
    init(
        _ model: Model,
        outputs: [ValueID: Int],
        inner: Set<ValueID>,
        samples: any SampleSource,
        _ context: PassContext
    ) throws(CNNOptError) {
        let sensitivity = try OutputSensitivity.measure(
            model,
            outputs: outputs,
            samples: samples,
            count: Self.samples,
            context,
            draws: Self.draws,
            evening: Self.evening
        )
        func mean(_ channels: [Double]?) -> Double {
            guard let channels, !channels.isEmpty else { return 0 }
            return channels.reduce(0, +) / Double(channels.count * sensitivity.lossTerms)
        }
        for value in sensitivity.channels.keys {
            let share = Share(
                between: mean(sensitivity.between[value]),
                within: mean(sensitivity.within[value]),
                channels: inner.contains(value) ? ChannelSensitivities.relative(sensitivity.halves[value] ?? []) : []
            )
            if share.between + share.within > 0 { shares[value] = share }
        }
        if !sensitivity.unmeasured.isEmpty {
            let names = Set(sensitivity.barriers.map(\.operatorName)).sorted()
            note =
                "\(sensitivity.unmeasured.count) layers lie before operators without a gradient (\(names.joined(separator: ", "))): their weights count as much as an average layer's."
        }
    }

    /// A layer's share; for one that could not be measured, the mean of the others'.
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
}
