import Execution
import GraphIR
import Operators
import Tensors

/// How much a model's output depends on each channel of values inside it: the mean over samples of the squared gradients of a
/// loss L, summed over the positions of the channel.
///
/// For a classifier, L = −log p(label) with the label drawn from the model's own distribution p: the sum is then an unbiased
/// estimate of the trace of that channel's block of the Fisher information matrix (Martens, Grosse: Optimizing neural networks
/// with Kronecker-factored approximate curvature, 2015). For other models, L is the sum of all float outputs' elements with random
/// signs, each output divided by its standard deviation over the samples: its squared gradients are, on average, those of each
/// element, summed (Hutchinson's estimator).
package struct OutputSensitivity: Sendable {
    /// By value, one number a channel: the mean over samples of Σ over positions of (∂L/∂y)².
    package private(set) var channels: [ValueID: [Double]] = [:]
    /// The same of (Σ over positions of ∂L/∂y)²: what an error felt alike at all positions counts.
    package private(set) var between: [ValueID: [Double]] = [:]
    /// The same of Σ over positions of how far ∂L/∂y is from its mean over the positions, squared.
    package private(set) var within: [ValueID: [Double]] = [:]
    /// ``channels``, up to a factor, by the samples of even numbers and by those of odd ones: how far the two agree says how
    /// much is chance.
    package private(set) var halves: [ValueID: [[Double]]] = [:]
    /// Layers without a gradient, or with one that lacks what a barrier kept back; ascending.
    package private(set) var unmeasured: [ValueID] = []
    /// The nodes that kept gradients back.
    package private(set) var barriers: [GradientGraph.Barrier] = []
    /// Whether the first output holds class scores and is the only float output.
    package let isClassifier: Bool
    /// Samples that were run.
    package let samples: Int
    /// The elements of a sample's outputs that the loss adds up: 1 for a classifier.
    package let lossTerms: Int

    /// Measures values that hold a layer's outputs.
    /// - Parameters:
    ///   - layers: the values, each with its channel axis counted from the front.
    ///   - count: how many samples are used at most.
    ///   - draws: labels, or sets of signs, drawn for each sample.
    ///   - evening: how a classifier's probabilities are evened out first, so that images that it is sure of count for more.
    /// - Throws: `unsupported` where the model's inputs share no batch dimension, or no output is of a floating-point type.
    package static func measure(
        _ model: Model,
        outputs layers: [ValueID: Int],
        samples: any SampleSource,
        count: Int,
        _ context: PassContext,
        draws: Int = 1,
        evening: ClassEvening? = nil
    ) throws(CNNOptError) -> OutputSensitivity {
        let count = min(count, samples.count)
        guard count > 0 else { throw CNNOptError(.usage, "no samples to measure sensitivities on") }
        let run = try SensitivityRun(
            model,
            layers,
            samples: samples,
            count: count,
            context,
            draws: max(1, draws),
            evening: evening
        )
        var result = OutputSensitivity(isClassifier: run.loss.isClassifier, samples: count, lossTerms: run.lossTerms)
        result.barriers = run.gradients.barriers
        let measured = run.measured
        result.unmeasured = layers.keys.filter { !measured.contains($0) }.sorted()
        var totals: [ValueID: GradientSums] = [:]
        try run.forEachBatch(samples) { (sums) throws(CNNOptError) in
            for (value, own) in zip(measured, sums) {
                if totals[value] == nil { totals[value] = own } else { totals[value]?.add(own) }
            }
        }
        let runs = Double(count * max(1, draws))
        result.channels = totals.mapValues { $0.squares.map { $0 / runs } }
        result.halves = totals.mapValues { [zip($0.squares, $0.oddSquares).map(-), $0.oddSquares] }
        result.between = totals.mapValues { $0.between.map { $0 / runs } }
        result.within = totals.mapValues { $0.within.map { $0 / runs } }
        return result
    }

    private init(isClassifier: Bool, samples: Int, lossTerms: Int) {
        (self.isClassifier, self.samples, self.lossTerms) = (isClassifier, samples, lossTerms)
    }
}
