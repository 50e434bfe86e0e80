import GraphIR
import Operators
import Tensors

/// What calibration images say of one channel of a tensor.
struct ChannelExtremes: Sendable {
    private(set) var lowest: [Float] = []
    private(set) var highest: [Float] = []

    /// Takes in a float32 tensor whose channels lie along `axis`, counted from the front.
    mutating func add(_ tensor: TensorData, axis: Int) throws(CNNOptError) {
        guard tensor.shape.indices.contains(axis) else { return }
        let channels = tensor.shape[axis]
        let outer = tensor.shape[..<axis].reduce(1, *)
        let inner = tensor.shape[(axis + 1)...].reduce(1, *)
        if lowest.isEmpty {
            lowest = [Float](repeating: .infinity, count: channels)
            highest = [Float](repeating: -.infinity, count: channels)
        }
        guard lowest.count == channels else { return }
        try tensor.withElements(Float.self) { (source) throws(CNNOptError) in
            for o in 0..<outer {
                for channel in 0..<channels {
                    let begin = (o * channels + channel) * inner
                    var (low, high) = (lowest[channel], highest[channel])
                    for i in begin..<begin + inner {
                        let x = source[i]
                        if x < low { low = x }
                        if x > high { high = x }
                    }
                    (lowest[channel], highest[channel]) = (low, high)
                }
            }
        }
    }

    /// The largest magnitude of each channel.
    var magnitudes: [Double] { zip(lowest, highest).map { Double(max(abs($0), abs($1))) }.map { $0.isFinite ? $0 : 0 } }
}

/// Everything that one run of the float model gathers.
struct LayerStatistics: Sendable {
    /// Distribution of each activation that gets a grid.
    private(set) var histograms: [ValueID: ActivationHistogram] = [:]
    /// Mean and variance of each channel of the layers' inputs and outputs, over the first samples only.
    private(set) var channels: [ValueID: ChannelStatistics] = [:]
    /// The extremes of each channel of the layers' inputs.
    private(set) var extremes: [ValueID: ChannelExtremes] = [:]

    /// - Parameters:
    ///   - histogrammed: values whose distribution is wanted.
    ///   - channelAxes: values whose channels are looked at, and the channels' axis.
    ///   - extremeAxes: the same for the channels' extremes.
    static func collect(
        _ model: Model,
        histogrammed: [ValueID],
        channelAxes: [ValueID: Int],
        extremeAxes: [ValueID: Int] = [:],
        samples: any SampleSource,
        channelSamples: Int = .max,
        _ context: PassContext,
        _ text: String
    ) throws(CNNOptError) -> LayerStatistics {
        var result = LayerStatistics()
        let histogrammed = Set(histogrammed)
        let observed = histogrammed.union(channelAxes.keys).union(extremeAxes.keys)
        let runner = try context.runner(model, count: samples.count, observing: observed)
        let border = min(channelSamples, samples.count)
        for part in [0..<border, border..<samples.count] where !part.isEmpty {
            try runner.forEachBatch(of: SamplePart(source: samples, part: part)) {
                (value, tensor) throws(CNNOptError) in
                guard tensor.elementType == .float32 else { return }
                if histogrammed.contains(value) {
                    try result.histograms[value, default: ActivationHistogram()].add(tensor)
                }
                if let axis = channelAxes[value], part.lowerBound == 0 {
                    try result.channels[value, default: ChannelStatistics()].add(tensor, axis: axis)
                }
                if let axis = extremeAxes[value] {
                    try result.extremes[value, default: ChannelExtremes()].add(tensor, axis: axis)
                }
            } _: { (batch) throws(CNNOptError) in
                let done = part.lowerBound + batch.range.upperBound
                context.progress(text, Double(done) / Double(samples.count))
            }
        }
        return result
    }
}

/// Some samples of a source, read when they are asked for.
private struct SamplePart: SampleSource {
    let source: any SampleSource
    let part: Range<Int>

    var count: Int { part.count }
    var labels: [Int]? { nil }

    func batch(_ range: Range<Int>, threads: Int) throws(CNNOptError) -> TensorData {
        try source.batch(range.lowerBound + part.lowerBound..<range.upperBound + part.lowerBound, threads: threads)
    }
}
