import GraphIR
import Tensors

/// The entries along an axis, or of the flattened input, whose condition is true.
enum Compress: Operator {
    static let schema = OperatorSchema("Compress", versions: [9, 11], inputs: 2...2)
    static var traits: OperatorTraits { [.movesData] }

    static func inferTypes(_ site: OperatorSite) throws(CNNOptError) -> [TensorType] {
        guard let axis = try site.int("axis") else { return [TensorType(site.elementType(0), [.unknown])] }
        guard var shape = site.shape(0) else { return [TensorType(site.elementType(0), nil)] }
        shape[try AxisNumbers.normalized(axis, rank: shape.count)] = .unknown
        return [TensorType(site.elementType(0), shape)]
    }

    static func reference(_ site: OperatorSite) throws(CNNOptError) -> any Kernel {
        let attribute = try site.int("axis")
        return ReferenceKernel { (inputs, threads) throws(CNNOptError) in
            var data = try inputs.required(0)
            if attribute == nil { data = try data.reshaped([data.count]) }
            let axis = try AxisNumbers.normalized(attribute ?? 0, rank: data.shape.count)
            let condition = try inputs.requiredIntegers(1)
            let chosen = condition.indices.filter { condition[$0] != 0 }
            guard chosen.last ?? -1 < data.shape[axis] else {
                throw CNNOptError(.invalidModel, "\(condition.count) conditions for an axis of \(data.shape[axis])")
            }
            let strides = rowMajorStrides(data.shape)
            let axes = data.shape.indices.map { k in
                k == axis
                    ? IndexedCopy.Axis.listed(chosen.map { $0 * strides[k] })
                    : .strided(start: 0, step: strides[k], count: data.shape[k])
            }
            return [try IndexedCopy(axes: axes).run(data, threads: threads)]
        }
    }

    static func coupling(_ site: OperatorSite) throws(CNNOptError) -> ChannelCoupling {
        guard let shape = site.shape(0), let axis = try site.int("axis") else {
            return .barrier("it flattens its input")
        }
        let dropped = try AxisNumbers.normalized(axis, rank: shape.count)
        return .mapping(shape, shape.indices.filter { $0 != dropped }.map { (input: $0, output: $0) })
    }
}
