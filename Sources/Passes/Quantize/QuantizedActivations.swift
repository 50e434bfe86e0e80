import GraphIR
import Operators
import Tensors

/// The grids of the activations of a model.
struct QuantizedActivations: Sendable {
    private(set) var grids: [ValueID: ActivationGrid] = [:]

    /// Chooses a grid for each activation that anything finite was seen of.
    init(_ survey: QuantizationSurvey, _ histograms: [ValueID: ActivationHistogram], method: RangeMethod) {
        for value in survey.activations {
            guard let histogram = histograms[value], let range = ActivationRange(histogram, method: method) else {
                continue
            }
            // A node that moves numbers may add some of its own (padding); they must fit, or the grid is its own.
            if let origin = survey.origins[value], let shared = grids[origin], let seen = histograms[origin],
                histogram.lowest >= min(seen.lowest, 0), histogram.highest <= max(seen.highest, 0)
            {
                grids[value] = shared
            } else {
                grids[value] = range.grid
            }
        }
    }
}
