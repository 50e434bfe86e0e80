import GraphIR
import Tensors

/// Minus the logarithm of the probability of each right class, weighted and reduced.
struct LikelihoodLoss: Sendable {
    private enum Reduction: String, Sendable {
        case none, sum, mean
    }

    private let reduction: Reduction
    /// The class that is no class: it counts nothing.
    private let ignored: Int?

    init(_ site: OperatorSite) throws(CNNOptError) {
        let name = try site.string("reduction", default: "mean")
        guard let reduction = Reduction(rawValue: name) else {
            throw site.failure(.invalidModel, "attribute 'reduction' is '\(name)', not none, sum or mean")
        }
        self.reduction = reduction
        ignored = try site.int("ignore_index")
    }

    /// The loss's type.
    func type(_ site: OperatorSite) throws(CNNOptError) -> TensorType {
        if let shape = site.shape(0), shape.count < 2 {
            throw site.failure(.invalidModel, "an input of rank \(shape.count)")
        }
        guard reduction == .none else { return TensorType(site.elementType(0), []) }
        return TensorType(site.elementType(0), site.shape(1))
    }

    /// - Parameters:
    ///   - logarithms: of the probabilities, N × classes × other axes, as doubles.
    ///   - target: the right class of each, N × other axes.
    ///   - weights: one for each class.
    func run(_ logarithms: TensorData, _ target: TensorData, _ weights: TensorData?) throws(CNNOptError) -> TensorData {
        let shape = logarithms.shape
        guard shape.count >= 2, target.shape == [shape[0]] + shape[2...], let classes = target.integers() else {
            throw CNNOptError(.invalidModel, "targets of shape \(target.shape) for an input of shape \(shape)")
        }
        let weights = try weights?.doubles()
        guard weights?.count ?? shape[1] == shape[1] else {
            throw CNNOptError(.invalidModel, "\(weights?.count ?? 0) weights for \(shape[1]) classes")
        }
        let span = AxisSpan(shape, axis: 1)
        let values = try logarithms.array(of: Double.self)
        var losses: [Double] = []
        var total = 0.0
        for (index, kind) in classes.enumerated() {
            guard kind != ignored else {
                losses.append(0)
                continue
            }
            guard (0..<shape[1]).contains(kind) else {
                throw CNNOptError(.invalidData, "class \(kind) of \(shape[1])")
            }
            let weight = weights?[kind] ?? 1
            total += weight
            let place = (index / span.inner * span.count + kind) * span.inner + index % span.inner
            losses.append(-values[place] * weight)
        }
        switch reduction {
        case .none: return try TensorData(losses, shape: target.shape)
        case .sum: return try TensorData([losses.reduce(0, +)], shape: [])
        case .mean: return try TensorData([losses.reduce(0, +) / total], shape: [])
        }
    }
}
