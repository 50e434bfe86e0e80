import Tensors

extension Resampling {
    /// The resize in the terms of back ends, where only the last two of four axes change and nothing is extrapolated.
    func computation(_ shape: [Int]) -> Computation? {
        guard shape.count == 4, axes.count == 4, axes[0] == nil, axes[1] == nil, !outputShape.contains(0) else {
            return nil
        }
        let tables = [2, 3].map { axis in
            (0..<outputShape[axis]).map { index -> [(index: Int, weight: Float)]? in
                guard let table = axes[axis] else { return [(index, 1)] }
                if table.isOutside.indices.contains(index), table.isOutside[index] { return nil }
                return (table.starts[index]..<table.starts[index + 1]).map { (table.indices[$0], table.weights[$0]) }
            }
        }
        if tables.allSatisfy({ $0.allSatisfy { $0?.count == 1 } }), isNearest {
            let places = tables.map { $0.map { Int32($0?.first?.index ?? 0) } }
            return .nearestResize(rows: places[0], columns: places[1])
        }
        let mixed = tables.compactMap(MixedIndices.init)
        return mixed.count == 2 ? .linearResize(rows: mixed[0], columns: mixed[1]) : nil
    }
}

extension MixedIndices {
    /// nil where an output mixes more than two elements, none, or with weights that do not add up to 1.
    fileprivate init?(_ table: [[(index: Int, weight: Float)]?]) {
        var result = MixedIndices(low: [], high: [], share: [])
        for entry in table {
            guard let entry, (1...2).contains(entry.count), let first = entry.first, let last = entry.last,
                abs(entry.reduce(0) { $0 + $1.weight } - 1) < 1e-6
            else { return nil }
            result.low.append(Int32(first.index))
            result.high.append(Int32(last.index))
            result.share.append(entry.count == 2 ? last.weight : 0)
        }
        self = result
    }
}
