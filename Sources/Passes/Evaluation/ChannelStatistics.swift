import Execution
import GraphIR
import Tensors

/// Mean and variance of each channel, gathered tensor by tensor in bounded memory.
///
/// Each tensor's moments are merged into the running ones (Chan, Golub, LeVeque 1979), so that large means cost no precision.
package struct ChannelStatistics: Sendable {
    /// Elements seen in each channel.
    package private(set) var count = 0
    package private(set) var means: [Double] = []
    private var squares: [Double] = []

    package init() {}

    /// Population variance of each channel.
    package var variances: [Double] { squares.map { count > 0 ? $0 / Double(count) : 0 } }

    /// Takes in a float tensor whose channels lie along `axis`, counted from the front.
    /// - Throws: `unsupported` for other element types, `invalidData` where the number of channels changes.
    package mutating func add(_ tensor: TensorData, axis: Int) throws(CNNOptError) {
        guard tensor.shape.indices.contains(axis) else {
            throw CNNOptError(.internalFault, "axis \(axis) of a tensor of shape \(tensor.shape)")
        }
        let channels = tensor.shape[axis]
        let outer = tensor.shape[..<axis].reduce(1, *)
        let inner = tensor.shape[(axis + 1)...].reduce(1, *)
        guard outer * inner > 0 else { return }
        if count == 0 {
            means = [Double](repeating: 0, count: channels)
            squares = means
        }
        guard means.count == channels else {
            throw CNNOptError(.invalidData, "\(channels) channels where there were \(means.count)")
        }
        let added = outer * inner
        try tensor.withElements(Float.self) { (source) throws(CNNOptError) in
            for channel in 0..<channels {
                var sum = 0.0
                for o in 0..<outer {
                    let begin = (o * channels + channel) * inner
                    for i in begin..<begin + inner { sum += Double(source[i]) }
                }
                let mean = sum / Double(added)
                var square = 0.0
                for o in 0..<outer {
                    let begin = (o * channels + channel) * inner
                    for i in begin..<begin + inner {
                        let difference = Double(source[i]) - mean
                        square += difference * difference
                    }
                }
                let step = mean - means[channel]
                let share = Double(added) / Double(count + added)
                means[channel] += step * share
                squares[channel] += square + step * step * Double(count) * share
            }
        }
        count += added
    }

    /// Runs a model over samples and gathers the statistics of some of its values.
    /// - Parameter axes: the channel axis of each value, counted from the front.
    package static func collect(
        _ model: Model,
        axes: [ValueID: Int],
        samples: any SampleSource,
        _ context: PassContext
    ) throws(CNNOptError) -> [ValueID: ChannelStatistics] {
        let runner = try context.runner(model, count: samples.count, targets: axes.keys.sorted())
        var result: [ValueID: ChannelStatistics] = [:]
        try runner.forEachBatch(of: samples) { (batch) throws(CNNOptError) in
            for (value, tensor) in zip(runner.targets, batch.outputs) {
                try result[value, default: ChannelStatistics()].add(tensor, axis: axes[value] ?? 1)
            }
        }
        return result
    }
}
