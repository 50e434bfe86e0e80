import GraphIR
import Operators
import Tensors

/// How much each channel matters, by the error that its removal leaves in the layers that read it once their other weights
/// have made up for it as well as they can.
///
/// For a layer with weights W and input covariance C, removing the columns S costs tr(W_S ((C⁻¹)_SS)⁻¹ W_Sᵀ); W and C⁻¹ are
/// then updated, so that later scores see what is left. Sources: Hassibi, Stork: Optimal Brain Surgeon, 1993; Frantar et al.,
/// Optimal Brain Compression, 2022 — here on whole coupled channels. Each layer's error counts relative to the variance of
/// what it feeds.
struct CompensatedScores: ChannelScores {
    private let groups: [PruningGroup]
    private var problems: [LayerProblem]
    /// Where a group's channels are inputs, and outputs, of problems: (problem, place among the group's axes).
    private var reads: [[(problem: Int, place: Int)]]
    private var writes: [[(problem: Int, place: Int)]]
    /// By problem, group and channel: the error that the channel's removal causes there.
    private var parts: [[Int: [Double]]] = []
    private var alive: [[Bool]]

    init(_ groups: [PruningGroup], _ problems: [LayerProblem]) {
        self.groups = groups
        self.problems = problems
        alive = groups.map { [Bool](repeating: true, count: $0.channels.count) }
        reads = groups.map { group in
            problems.indices.compactMap { problem in
                group.position(of: problems[problem].layer.weightInput).map { (problem, $0) }
            }
        }
        writes = groups.map { group in
            problems.indices.compactMap { problem in
                group.position(of: problems[problem].layer.weightOutput).map { (problem, $0) }
            }
        }
        parts = problems.map { _ in [:] }
        for group in groups.indices {
            for (problem, _) in reads[group] { rescore(problem, group) }
        }
    }

    var isPerMAC: Bool { true }

    func scores(_ group: Int) -> [Double] {
        var result = [Double](repeating: 0, count: groups[group].channels.count)
        for (problem, _) in reads[group] {
            for (channel, part) in (parts[problem][group] ?? []).enumerated() { result[channel] += part }
        }
        return result
    }

    mutating func remove(_ group: Int, _ channel: Int) throws(CNNOptError) -> Set<Int> {
        alive[group][channel] = false
        var touched: Set<Int> = []
        for (problem, place) in reads[group] {
            problems[problem].removeInputs(groups[group].channels[channel].indices[place])
            touched.insert(problem)
        }
        for (problem, place) in writes[group] {
            problems[problem].removeOutputs(groups[group].channels[channel].indices[place])
            touched.insert(problem)
        }
        var stale: Set<Int> = []
        for other in groups.indices {
            for (problem, _) in reads[other] where touched.contains(problem) {
                rescore(problem, other)
                stale.insert(other)
            }
        }
        return stale
    }

    private mutating func rescore(_ problem: Int, _ group: Int) {
        guard let place = reads[group].first(where: { $0.problem == problem })?.place else { return }
        var scores = [Double](repeating: 0, count: groups[group].channels.count)
        for channel in scores.indices where alive[group][channel] {
            scores[channel] = problems[problem].loss(of: groups[group].channels[channel].indices[place])
        }
        parts[problem][group] = scores
    }
}
