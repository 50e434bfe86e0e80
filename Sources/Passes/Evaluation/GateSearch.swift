import GraphIR
import Tensors

/// Bisection for the most that an accuracy gate lets through.
struct GateSearch<Candidate> {
    /// A model made by going so far.
    struct Trial {
        let candidate: Candidate
        let model: Model
        /// How far it went, which may be a little more than was asked for.
        let reached: Double
        /// Whether it is the model that there was: it holds, but is nothing to keep.
        let isUnchanged: Bool
        /// How far it went, in words.
        let text: String
    }

    struct Found {
        /// nil where nothing was changed that holds.
        let best: Candidate?
        /// Whether a trial did not hold.
        let isLimited: Bool
        /// The gate's limit, and the figure of the least trial that did not hold.
        let remark: String
    }

    private let gate: AccuracyGate
    private let first: Double
    private let most: Double

    private static var trials: Int { 6 }
    private static var resolution: Double { 0.01 }

    /// - Parameters:
    ///   - first: how far the first trial goes.
    ///   - most: how far it may go at all.
    init(_ gate: AccuracyGate, first: Double, most: Double) {
        self.gate = gate
        self.first = first
        self.most = most
    }

    /// - Parameter make: the trial that goes so far.
    func run(_ make: (Double) throws(CNNOptError) -> Trial) throws(CNNOptError) -> Found {
        var best: Trial?
        var failed: (text: String, value: Double)?
        var (low, high) = (0.0, most)
        for round in 0..<Self.trials where high - low > Self.resolution {
            let wanted = round == 0 ? min(first, high) : (low + high) / 2
            let trial = try make(wanted)
            if trial.isUnchanged {
                low = wanted
                continue
            }
            let verdict = try gate.judge(trial.model)
            if verdict.holds {
                low = max(wanted, trial.reached)
                if trial.reached > best?.reached ?? 0 { best = trial }
            } else {
                high = wanted
                failed = (trial.text, verdict.value)
            }
        }
        var remark = gate.limit.text
        if let failed { remark += "; \(failed.text) gave \(gate.limit.text(of: failed.value))" }
        return Found(best: best?.candidate, isLimited: failed != nil, remark: remark)
    }
}

extension AccuracyGate.Limit {
    /// The limit in words.
    var text: String {
        switch self {
        case .top1Drop(let points): "at most \(points) points of top-1 lost"
        case .disagreement(let points): "at most \(points) points of agreement with the original lost"
        case .signalToNoise(let decibels): "at least \(decibels) dB signal-to-noise on seeded inputs"
        }
    }

    /// A figure that the limit is compared with, in words.
    func text(of value: Double) -> String {
        let rounded = (value * 100).rounded() / 100
        return switch self {
        case .top1Drop, .disagreement: "\(rounded) points"
        case .signalToNoise: "\(rounded) dB"
        }
    }
}
