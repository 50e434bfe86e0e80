import Tensors

extension LowRankWork {
    /// What was done, layer by layer.
    func report(_ candidate: Candidate) -> PassReport {
        let layers = zip(entries, candidate.outcomes).map { entry, outcome -> PassReport.Layer in
            var line = PassReport.Layer(name: entry.name, operatorName: entry.operatorName)
            switch outcome {
            case .split(let split):
                line.change =
                    "rank \(split.rank) of \(split.layer.fullRank), \(counted(split.layer.tensor.count)) → \(counted(split.parameters)) parameters, \(percent(split.energy)) of the energy"
            case .left(let reason): line.note = reason
            }
            return line
        }
        return PassReport(
            pass: LowRankPass.info.name,
            summary: summary(candidate),
            layers: layers,
            notes: notes
        )
    }

    private func summary(_ candidate: Candidate) -> String {
        let splits = candidate.splits
        guard !splits.isEmpty else { return "left as it is: \(candidate.reason)" }
        var (parameters, macs, kept, energy) = (0, 0, 0.0, 0.0)
        for (entry, outcome) in zip(entries, candidate.outcomes) {
            guard case .split(let split) = outcome, let factors = entry.factors else { continue }
            parameters += split.layer.tensor.count - split.parameters
            macs += split.layer.macs - split.macs
            kept += split.energy * factors.energy
            energy += factors.energy
        }
        return
            "\(splits.count) of \(entries.count) layers split: \(counted(parameters)) parameters and \(percent(Double(macs) / Double(max(self.macs, 1)))) of the multiply-accumulates removed, \(percent(kept / energy)) of their energy kept"
    }
}

/// A count with commas between thousands.
private func counted(_ number: Int) -> String {
    var groups = ""
    for (index, digit) in String(number).reversed().enumerated() {
        if index > 0, index % 3 == 0 { groups.append(",") }
        groups.append(digit)
    }
    return String(groups.reversed())
}
