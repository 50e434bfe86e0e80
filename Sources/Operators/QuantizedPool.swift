import GraphIR
import Tensors

/// Means of 8-bit tensors: X, its scale, its zero point, then scale and zero point of the result. Channels are the second axis or,
/// by attribute, the last.
struct QuantizedPool: Sendable {
    private let channelsLast: Bool

    init(_ site: OperatorSite) throws(CNNOptError) {
        channelsLast = try site.int("channels_last", default: 0) != 0
    }

    /// The order of axes that brings the channels to the second place, and the one back.
    private func orders(_ rank: Int) throws(CNNOptError) -> (there: [Int], back: [Int]) {
        guard rank >= 2 else { throw CNNOptError(.invalidModel, "an input of rank \(rank)") }
        let rest = 1..<rank - 1
        return channelsLast
            ? ([0, rank - 1] + rest, [0] + rest.map { $0 + 1 } + [1]) : (Array(0..<rank), Array(0..<rank))
    }

    /// The output's type by the rules of a pool whose channels are the second axis.
    func type(
        _ site: OperatorSite,
        _ infer: (OperatorSite) throws(CNNOptError) -> [TensorType]
    ) throws(CNNOptError) -> TensorType {
        guard let shape = site.shape(0) else { return site.type(0) }
        let orders = try orders(shape.count)
        let input = TensorType(site.elementType(0), orders.there.map { shape[$0] })
        let output = try infer(site.plain([OperatorSite.Input(type: input)], opset: site.opset)).first?.shape
        return TensorType(site.elementType(0), output.map { output in orders.back.map { output[$0] } })
    }

    /// Runs `pool` on X with its channels at the second axis.
    func run(
        _ inputs: [TensorData?],
        threads: Int,
        _ pool: (TensorData, _ from: QuantizedGrid, _ to: QuantizedGrid) throws(CNNOptError) -> TensorData
    ) throws(CNNOptError) -> [TensorData] {
        let x = try inputs.required(0)
        let from = try inputs.grid(0, scale: 1, zero: 2)
        let to = try inputs.grid(x.elementType, scale: 3, zero: 4)
        let orders = try orders(x.shape.count)
        guard channelsLast else { return [try pool(x, from, to)] }
        let moved = try IndexedCopy(x.shape, permutation: orders.there).run(x, threads: threads)
        let result = try pool(moved, from, to)
        return [try IndexedCopy(result.shape, permutation: orders.back).run(result, threads: threads)]
    }

    func coupling(_ site: OperatorSite) -> ChannelCoupling {
        guard let shape = site.shape(0), shape.count >= 2 else { return .barrier("the rank of its input is unknown") }
        return .mapping(shape, [0, channelsLast ? shape.count - 1 : 1].map { (input: $0, output: $0) })
    }

    /// The mean of each plane: the codes are summed as integers, the sum is scaled and rounded once.
    static func planes(
        _ x: TensorData,
        _ from: QuantizedGrid,
        _ to: QuantizedGrid
    ) throws(CNNOptError) -> TensorData {
        let size = x.shape[2...].reduce(1, &*)
        guard x.shape.count >= 2, size > 0 else { throw CNNOptError(.invalidModel, "an input of shape \(x.shape)") }
        let scale = from.scale / (to.scale * Float(size))
        let steps = from.steps
        let shape = Array(x.shape[..<2]) + x.shape[2...].map { _ in 1 }
        return try x.withBytes { (source) throws(CNNOptError) in
            try TensorData.writing(to.type, shape: shape) { (target) throws(CNNOptError) in
                let codes = target.assumingMemoryBound(to: UInt8.self)
                for plane in 0..<x.count / size {
                    var sum = 0
                    for i in plane * size..<(plane + 1) * size { sum += steps[Int(source[i])] }
                    codes[plane] = to.code(steps: Float(sum) * scale)
                }
            }
        }
    }
}
