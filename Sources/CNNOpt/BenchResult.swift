/// How long a model takes.
public struct BenchResult: Sendable, Encodable {
    /// Milliseconds of the timed runs.
    public struct Latency: Sendable, Encodable {
        public var min: Double
        public var median: Double
        /// What 95 % of the runs did not exceed.
        public var p95: Double

        /// - Parameter milliseconds: at least one.
        init(milliseconds: [Double]) {
            let sorted = milliseconds.sorted()
            let middle = sorted.count / 2
            min = sorted.first ?? 0
            median =
                sorted.isEmpty
                ? 0 : sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
            p95 = sorted.isEmpty ? 0 : sorted[(95 * sorted.count + 99) / 100 - 1]
        }
    }

    /// One step of the plan.
    public struct Layer: Sendable, Encodable {
        /// The nodes that it covers, and their operators.
        public var name: String
        public var operators: String
        /// What computes it, and how its output lies in memory.
        public var kernel: String
        public var layout: String
        /// The first output's.
        public var shape: [Int]
        /// Read and written.
        public var bytes: Int
        public var macs: Int
        /// The median of the runs.
        public var milliseconds: Double
        /// Of all steps' time, in percent.
        public var share: Double
        public var note: String?

        /// Billions of additions and multiplications in a second; nil for steps that count none.
        public var gigaflops: Double? {
            macs > 0 && milliseconds > 0 ? 2 * Double(macs) / (milliseconds * 1e6) : nil
        }
    }

    public var batch: Int
    public var threads: Int
    public var runs: Int
    /// From the inputs in memory to the outputs in memory.
    public var latency: Latency
    /// From the model in memory to the first plan ready.
    public var planMilliseconds: Double
    /// Memory that is taken once for all intermediate tensors; 0 where it is taken tensor by tensor.
    public var arenaBytes: Int
    /// The most bytes that intermediate tensors take at one time.
    public var largestLiveSetBytes: Int
    /// nil where the steps were not timed.
    public var layers: [Layer]?

    /// By the median.
    public var imagesPerSecond: Double { latency.median > 0 ? 1e3 * Double(batch) / latency.median : 0 }
}

// Every key is always there: what was not measured is null.

extension BenchResult {
    private enum Key: String, CodingKey {
        case batch, threads, runs, latencyMs, imagesPerSecond, planMs, arenaBytes, largestLiveSetBytes, layers
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(batch, forKey: .batch)
        try container.encode(threads, forKey: .threads)
        try container.encode(runs, forKey: .runs)
        try container.encode(latency, forKey: .latencyMs)
        try container.encode(imagesPerSecond, forKey: .imagesPerSecond)
        try container.encode(planMilliseconds, forKey: .planMs)
        try container.encode(arenaBytes, forKey: .arenaBytes)
        try container.encode(largestLiveSetBytes, forKey: .largestLiveSetBytes)
        try container.encode(layers, forKey: .layers)
    }
}

extension BenchResult.Layer {
    private enum Key: String, CodingKey {
        case name, operators, kernel, layout, shape, bytes, macs, ms, share, gflops, note
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(name, forKey: .name)
        try container.encode(operators, forKey: .operators)
        try container.encode(kernel, forKey: .kernel)
        try container.encode(layout, forKey: .layout)
        try container.encode(shape, forKey: .shape)
        try container.encode(bytes, forKey: .bytes)
        try container.encode(macs, forKey: .macs)
        try container.encode(milliseconds, forKey: .ms)
        try container.encode(share, forKey: .share)
        try container.encode(gigaflops, forKey: .gflops)
        try container.encode(note, forKey: .note)
    }
}
