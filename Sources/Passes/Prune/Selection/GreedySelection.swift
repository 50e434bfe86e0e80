import GraphIR
import Operators
import Tensors

/// The order in which channels go, the least needed first, and how much work is gone after each step.
struct GreedySelection {
    /// Channels of one group that go together.
    struct Step: Sendable {
        let group: Int
        let channels: [Int]
        /// The fraction of all multiply-accumulates that is gone after this step.
        let reduction: Double
    }

    struct Limits {
        /// The fraction of an axis' indices that may go.
        var cap: Double
        /// Kept channels of large groups are a multiple of this.
        var round: Int
        /// Groups of at least so many times ``round`` channels are large.
        static let largeFactor = 16
    }

    private(set) var steps: [Step] = []
    private var macs: MACModel
    private let groups: [PruningGroup]
    private let limits: Limits
    private var alive: [[Bool]]
    private var left: [ValueAxis: Int] = [:]
    private var floors: [ValueAxis: Int] = [:]

    /// Removes channels until the target is reached or nothing may go any more.
    /// - Parameters:
    ///   - target: the fraction of multiply-accumulates that should go.
    ///   - tolerance: steps that lead further beyond the target than this are left out, where others are there.
    init(
        _ groups: [PruningGroup],
        sizes: [ValueAxis: Int],
        macs: MACModel,
        scores: some ChannelScores,
        limits: Limits,
        target: Double,
        tolerance: Double,
        progress: (Double) -> Void = { _ in }
    ) throws(CNNOptError) {
        self.groups = groups
        self.macs = macs
        self.limits = limits
        alive = groups.map { [Bool](repeating: true, count: $0.channels.count) }
        for (axis, size) in sizes {
            left[axis] = size
            floors[axis] = max(1, size - Int(limits.cap * Double(size)))
        }
        var scores = scores
        try grow(&scores, target, tolerance, progress)
    }

    private mutating func grow(
        _ scores: inout some ChannelScores,
        _ target: Double,
        _ tolerance: Double,
        _ progress: (Double) -> Void
    ) throws(CNNOptError) {
        var units: [Unit?] = []
        for group in groups.indices { units.append(try unit(group, scores)) }
        while macs.reduction < target {
            var best: Int?
            // The last step: one that does not lead past the window, where there is one.
            for pastWindow in [false, true] where best == nil {
                for (group, unit) in units.enumerated() {
                    guard let unit else { continue }
                    let reached = macs.reduction + Double(unit.saving) / Double(max(macs.total, 1))
                    if !pastWindow, reached > target + tolerance { continue }
                    if pastWindow, macs.reduction >= target - tolerance { continue }
                    if let current = best, let other = units[current], other.rank <= unit.rank { continue }
                    best = group
                }
            }
            guard let group = best, let unit = units[group] else { break }
            var stale = try take(group, unit, &scores)
            stale.formUnion(macs.neighbours(of: group))
            for other in groups.indices where stale.contains(other) || sharesAxis(other, group) {
                units[other] = try self.unit(other, scores)
            }
            progress(min(1, macs.reduction / max(target, 1e-9)))
        }
    }

    /// The next channels of a group to go.
    private struct Unit {
        let channels: [Int]
        let saving: Int
        /// Smaller goes first.
        let rank: Double
    }

    private mutating func unit(_ group: Int, _ scores: some ChannelScores) throws(CNNOptError) -> Unit? {
        let all = scores.scores(group)
        let open = alive[group].indices.filter { alive[group][$0] }
        let size: Int
        if groups[group].channels.count >= limits.round * Limits.largeFactor, limits.round > 1 {
            size = open.count % limits.round == 0 ? limits.round : open.count % limits.round
        } else {
            size = 1
        }
        guard open.count >= size else { return nil }
        let channels = Array(open.sorted { (all[$0], $0) < (all[$1], $1) }.prefix(size))
        guard leavesEnough(group, channels) else { return nil }
        let saving = try macs.saving(group, channels)
        let score = channels.reduce(0) { $0 + all[$1] }
        let rank = scores.isPerMAC ? score / Double(max(saving, 1)) : score / Double(size)
        return Unit(channels: channels, saving: saving, rank: rank)
    }

    private func leavesEnough(_ group: Int, _ channels: [Int]) -> Bool {
        for (place, key) in groups[group].axes.enumerated() {
            let lost = channels.reduce(0) { $0 + groups[group].channels[$1].indices[place].count }
            guard let left = left[key], let floor = floors[key], left - lost >= floor else { return false }
        }
        return true
    }

    private mutating func take(_ group: Int, _ unit: Unit, _ scores: inout some ChannelScores) throws(CNNOptError)
        -> Set<Int>
    {
        try macs.remove(group, unit.channels)
        var stale: Set<Int> = []
        for channel in unit.channels {
            alive[group][channel] = false
            for (place, key) in groups[group].axes.enumerated() {
                left[key, default: 0] -= groups[group].channels[channel].indices[place].count
            }
            stale.formUnion(try scores.remove(group, channel))
        }
        steps.append(Step(group: group, channels: unit.channels, reduction: macs.reduction))
        return stale
    }

    private func sharesAxis(_ a: Int, _ b: Int) -> Bool {
        a == b || !Set(groups[a].axes).isDisjoint(with: groups[b].axes)
    }

    /// The removal that the steps up to a fraction of the work amount to: all steps that stay within `target`, and the first
    /// one beyond it where that comes nearer.
    func removal(target: Double) -> ChannelRemoval {
        var removal = ChannelRemoval(groups)
        var before = 0.0
        for step in steps {
            if step.reduction > target, step.reduction - target > target - before { break }
            for channel in step.channels { removal.remove(group: step.group, channel: channel) }
            before = step.reduction
        }
        return removal
    }

    /// The largest fraction that can go.
    var reach: Double { steps.last?.reduction ?? 0 }
}
