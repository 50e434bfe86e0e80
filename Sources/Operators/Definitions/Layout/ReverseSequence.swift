import GraphIR
import Tensors

/// The first elements along the time axis in reverse, as many as each batch entry's length says.
enum ReverseSequence: Operator {
    static let schema = OperatorSchema("ReverseSequence", versions: [10], inputs: 2...2)
    static var traits: OperatorTraits { [.movesData] }

    private static func axes(_ site: OperatorSite) throws(CNNOptError) -> (batch: Int, time: Int) {
        let axes = (batch: try site.int("batch_axis", default: 1), time: try site.int("time_axis", default: 0))
        guard Set([axes.batch, axes.time]) == [0, 1] else {
            throw site.failure(.invalidModel, "batch and time axes are \(axes.batch) and \(axes.time), not 0 and 1")
        }
        return axes
    }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] { [site.type(0)] }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let axes = try axes(site)
        return ReferenceKernel { (inputs, _) throws(CNNOptError) in
            let data = try inputs.required(0)
            let lengths = try inputs.requiredIntegers(1)
            guard data.shape.count >= 2, lengths.count == data.shape[axes.batch],
                lengths.allSatisfy({ (0...data.shape[axes.time]).contains($0) })
            else { throw CNNOptError(.invalidModel, "lengths \(lengths) do not fit shape \(data.shape)") }
            guard data.count > 0 else { return [data] }
            let block = checkedProduct(data.shape[2...]) ?? 0
            var places: [Int] = []
            for i in 0..<data.shape[0] {
                for j in 0..<data.shape[1] {
                    let (batch, time) = axes.batch == 0 ? (i, j) : (j, i)
                    let from = time < lengths[batch] ? lengths[batch] - 1 - time : time
                    let (row, column) = axes.batch == 0 ? (batch, from) : (from, batch)
                    places.append((row * data.shape[1] + column) * block)
                }
            }
            return [try FlatPlaces.pick(data, places, block: block, shape: data.shape)]
        }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        guard let shape = site.shape(0) else { return .barrier("the rank of its input is unknown") }
        return .mapping(shape, shape.indices.dropFirst(2).map { (input: $0, output: $0) })
    }
}
