import GraphIR
import Tensors

/// How much each channel matters, by the size of the weights that belong to it: the sum over its members (producers' rows,
/// consumers' columns, normalisation scales) of the slice's norm, divided by the group's mean. All channels of a group have
/// the same number of members, so that sum and mean over members rank alike.
struct MagnitudeScores: ChannelScores {
    enum Norm { case l1, l2 }

    private let values: [[Double]]

    /// - Parameter weights: float tensors of the axes' values; axes of other values count for nothing.
    init(_ groups: [PruningGroup], _ norm: Norm, weights: [ValueID: TensorData]) throws(CNNOptError) {
        var slices: [ValueAxis: [Double]] = [:]
        var values: [[Double]] = []
        for group in groups {
            var sums = [Double](repeating: 0, count: group.channels.count)
            for (place, key) in group.axes.enumerated() {
                guard let tensor = weights[key.value], tensor.shape.indices.contains(key.axis) else { continue }
                let norms: [Double] =
                    if let known = slices[key] { known } else { try tensor.sliceNorms(axis: key.axis, norm) }
                slices[key] = norms
                for (number, channel) in group.channels.enumerated() {
                    sums[number] += channel.indices[place].reduce(0) { $0 + norms[$1] }
                }
            }
            let mean = sums.reduce(0, +) / Double(max(sums.count, 1))
            values.append(sums.map { mean > 0 ? $0 / mean : 0 })
        }
        self.values = values
    }

    var isPerMAC: Bool { false }
    func scores(_ group: Int) -> [Double] { values[group] }
    mutating func remove(_ group: Int, _ channel: Int) throws(CNNOptError) -> Set<Int> { [] }
}

extension TensorData {
    /// The sum of absolute values, or of squares, of each slice along an axis.
    func sliceNorms(axis: Int, _ norm: MagnitudeScores.Norm) throws(CNNOptError) -> [Double] {
        let inner = shape[(axis + 1)...].reduce(1, *)
        var sums = [Double](repeating: 0, count: shape[axis])
        guard inner > 0, shape[axis] > 0 else { return sums }
        for (index, value) in try doubles().enumerated() {
            sums[index / inner % shape[axis]] += norm == .l1 ? abs(value) : value * value
        }
        return sums
    }
}
