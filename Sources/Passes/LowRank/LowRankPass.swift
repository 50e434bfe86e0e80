import GraphIR
import Tensors

/// Splits layers whose weight is close to a matrix of low rank in two: see docs/lowrank.md.
package struct LowRankPass: Pass {
    package static let info = PassInfo(
        name: "lowrank",
        summary: "splits layers in two smaller ones by the singular values of their weights",
        arguments: [
            PassInfo.Argument(
                "energy",
                values: "0.01…1",
                default: "as little as the gate allows",
                help: "the part of each weight's sum of squares that is kept"
            ),
            PassInfo.Argument(
                "ratio",
                values: "0…0.99",
                default: "none",
                help: "instead: the fraction of each layer's parameters to remove"
            ),
            PassInfo.Argument(
                "round",
                values: "1…1024",
                default: "8",
                help: "ranks of large layers are a multiple of it"
            ),
        ],
        changesWeights: true
    )

    let target: RankRule.Target?
    let round: Int

    package init(_ arguments: PassArguments) throws(CNNOptError) {
        let energy = try arguments.number("energy", in: 0.01...1)
        let ratio = try arguments.number("ratio", in: 0...0.99)
        if energy != nil, ratio != nil {
            throw CNNOptError(.usage, "lowrank takes energy or ratio, not both")
        }
        target = energy.map { .energy($0) } ?? ratio.map { .ratio($0) }
        round = try arguments.integer("round", in: 1...1024) ?? 8
    }

    package func run(_ model: inout Model, _ context: PassContext) throws(CNNOptError) -> PassReport {
        let work = try LowRankWork(model, context)
        if let target {
            let candidate = try work.candidate(RankRule(target: target, round: round))
            model = candidate.model
            return work.report(candidate)
        }
        let (found, remark) = try work.smallestThatHolds(round: round)
        model = found.model
        var report = work.report(found)
        report.notes.append(remark)
        return report
    }
}
