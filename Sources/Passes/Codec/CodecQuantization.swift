import Foundation
import GraphIR
import Operators
import Tensors

/// Rate–distortion quantisation for the compact file: see docs/codec.md. Weights stay float32, on grids whose multiples the entropy
/// coder writes in few bits.
struct CodecQuantization: Sendable {
    /// What the output's divergence should come to, in nats; nil for as much as the gate or the size allows.
    private let distortion: Double?

    /// Distortions that are tried: from nothing that could be seen to nothing that is left, on a logarithmic scale.
    private static let least = 1e-6
    private static let most = 10.0
    /// A number that is rounded costs λ / (2 · ln 2) where steps are small.
    private static let distortionPerLambda = 0.5 / 0.693_147_180_559_945_3

    /// - Returns: nil where the arguments do not ask for it.
    /// - Throws: `usage` for arguments that belong to the other kind of quantisation.
    init?(_ arguments: PassArguments) throws(CNNOptError) {
        let distortion = try arguments.number("distortion", in: Self.least...Self.most)
        guard try arguments.flag("codec", default: false) else {
            if distortion != nil {
                throw CNNOptError(.usage, "distortion goes with codec: quant(codec,distortion=0.003)")
            }
            return nil
        }
        if let other = arguments.names.subtracting(["codec", "distortion"]).min() {
            throw CNNOptError(
                .usage,
                "'\(other)' is for integers, which quant(codec) makes none of",
                remedy: "beside codec there is distortion"
            )
        }
        self.distortion = distortion
    }

    /// Whether a size can be asked for: a distortion settles it already.
    var aimsAtSize: Bool { distortion == nil }

    func run(_ model: inout Model, _ context: PassContext) throws(CNNOptError) -> PassReport {
        let facts = try GraphFacts(model)
        let found = try CodecLayers(model.graph, facts)
        guard !found.layers.isEmpty else {
            return PassReport(
                pass: QuantizePass.info.name,
                summary: "unchanged: no layer with a stored float32 weight",
                layers: Self.leftAlone(found)
            )
        }
        let work = try CodecWork(model, facts, found, context)
        var notes = work.notes
        let trial: CodecTrial
        if let distortion {
            trial = try Self.trial(work, distortion)
        } else if let target = context.targetBytes, let bytes = context.compactBytes {
            trial = try Self.search(work, target: target, bytes)
        } else {
            trial = try Self.search(work, context.gate, &notes)
        }
        model = try work.applying(trial.outcomes)
        return Self.report(work, found, trial, notes)
    }

    // MARK: The search

    private static func trial(_ work: CodecWork, _ distortion: Double) throws(CNNOptError) -> CodecTrial {
        let lambda = distortion / (distortionPerLambda * Double(work.weightCount))
        var trial = try CodecTrial(work, lambda: lambda)
        try trial.run { work.context.progress("rounding weights", $0) }
        return trial
    }

    /// How far a trial goes, 0 to 1, as a distortion.
    private static func distortion(_ step: Double) -> Double { least * pow(most / least, step) }

    /// The largest distortion that the gate lets through.
    private static func search(_ work: CodecWork, _ gate: AccuracyGate?, _ notes: inout [String]) throws(CNNOptError)
        -> CodecTrial
    {
        guard let gate else {
            throw CNNOptError(
                .usage,
                "quant(codec) has neither a distortion nor a gate",
                remedy: "say quant(codec,distortion=0.003)"
            )
        }
        let search = GateSearch<CodecTrial>(gate, first: 0.6, most: 1)
        let found = try search.run { (step) throws(CNNOptError) in
            let distortion = distortion(step)
            let trial = try trial(work, distortion)
            return GateSearch.Trial(
                candidate: trial,
                model: try work.applying(trial.outcomes),
                reached: step,
                isUnchanged: false,
                text: "a distortion of \(brief(distortion))"
            )
        }
        notes.append(found.remark)
        if let best = found.best { return best }
        return try trial(work, least)
    }

    /// The least distortion whose compact file is small enough.
    private static func search(
        _ work: CodecWork,
        target: Int,
        _ bytes: (Model) throws(CNNOptError) -> Int
    ) throws(CNNOptError) -> CodecTrial {
        var (low, high) = (0.0, 1.0)
        var best: CodecTrial?
        var smallest = Int.max
        for _ in 0..<8 {
            let step = (low + high) / 2
            let trial = try trial(work, distortion(step))
            let size = try bytes(try work.applying(trial.outcomes))
            smallest = min(smallest, size)
            if size <= target {
                (high, best) = (step, trial)
                // Near enough: the next half would change less than the size of the graph.
                if Double(size) > 0.99 * Double(target) { break }
            } else {
                low = step
            }
        }
        guard let best else {
            throw CNNOptError(
                .unsupported,
                "quant(codec) does not reach \(target) bytes: \(smallest) are the least that it tried",
                remedy: "prune or split layers before it, or allow more bytes"
            )
        }
        return best
    }

    // MARK: The report

    private static func report(_ work: CodecWork, _ found: CodecLayers, _ trial: CodecTrial, _ notes: [String])
        -> PassReport
    {
        let graph = work.model.graph
        let layers = trial.outcomes.map { outcome in
            let (lowest, highest) = (outcome.grid.steps.min() ?? 0, outcome.grid.steps.max() ?? 0)
            let shift = outcome.grid.shifts.max() ?? 0
            return PassReport.Layer(
                name: graph.displayName(outcome.layer.linear.node),
                operatorName: graph[outcome.layer.linear.node].operatorName.description,
                change: "\(brief(outcome.bits / Double(max(outcome.weight.count, 1)))) bits a weight, "
                    + (lowest == highest
                        ? "step \(brief(Double(lowest)))" : "steps \(brief(Double(lowest)))…\(brief(Double(highest)))")
                    + (shift > 0 ? ", shifts to \(shift)" : "")
            )
        }
        let refused = trial.refused.map {
            PassReport.Layer(
                name: graph.displayName($0),
                operatorName: graph[$0].operatorName.description,
                note: "left as it is: its rows of inputs do not explain its outputs"
            )
        }
        let weights = trial.outcomes.reduce(0) { $0 + $1.weight.count }
        return PassReport(
            pass: QuantizePass.info.name,
            summary:
                "\(weights) weights of \(trial.outcomes.count) layers on grids: \(brief(trial.bits / Double(max(weights, 1)))) bits each in the compact file, expected divergence \(brief(trial.distortion)) nats",
            layers: layers + leftAlone(found) + refused,
            notes: notes
        )
    }

    private static func leftAlone(_ found: CodecLayers) -> [PassReport.Layer] {
        found.left.map {
            PassReport.Layer(name: $0.name, operatorName: $0.operatorName, note: "left as it is: \($0.reason)")
        }
    }

    /// Three significant digits.
    private static func brief(_ value: Double) -> String {
        guard value > 0, value.isFinite else { return "\(value)" }
        let unit = pow(10, (log10(value)).rounded(.down) - 2)
        let rounded = (value / unit).rounded() * unit
        return rounded >= 1e-4
            ? String(format: "%.\(max(0, Int(2 - log10(rounded).rounded(.down))))f", rounded)
            : String(format: "%.2e", rounded)
    }
}
