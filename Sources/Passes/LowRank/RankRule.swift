/// How the rank of a layer is chosen.
struct RankRule: Sendable {
    enum Target: Sendable {
        /// The smallest rank that holds this part of the weight's energy, its singular values squared.
        case energy(Double)
        /// The largest rank whose weights have this part less elements.
        case ratio(Double)
    }

    let target: Target
    /// Ranks of large layers are a multiple of it.
    let round: Int

    /// Layers count as large from this many times ``round`` on.
    static let largeFactor = 8

    /// The ranks to try, best first; none where the rule allows no rank of the layer.
    func ranks(_ layer: LowRankLayer, _ factors: WeightFactors) -> [Int] {
        let isLarge = layer.fullRank >= round * Self.largeFactor
        switch target {
        case .energy(let part):
            let exact = max(1, factors.rank(holding: part))
            let rounded = (exact + round - 1) / round * round
            return (isLarge && rounded != exact ? [rounded, exact] : [exact]).filter { $0 <= factors.limit }
        case .ratio(let part):
            let exact = Int((1 - part) * Double(layer.tensor.count) / Double(layer.parametersPerRank))
            let rank = isLarge && exact >= round ? exact / round * round : exact
            return rank >= 1 ? [min(rank, factors.limit)] : []
        }
    }

    /// Why no rank was taken.
    func refusal(_ layer: LowRankLayer, _ factors: WeightFactors) -> String {
        switch target {
        case .energy(let part):
            "needs rank \(max(1, factors.rank(holding: part))) of \(layer.fullRank) for \(percent(part)) of the energy: not smaller"
        case .ratio(let part):
            "no rank takes \(percent(part)) of its parameters away"
        }
    }
}
